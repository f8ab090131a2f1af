import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { at, takeFragment } from '../app/router.ts'
import { Form, Submit } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

/** Confirms a change of e-mail address. A button does it: a mail scanner that follows the link changes nothing. */
export default function ConfirmEmail() {
  const [token] = useState(() => takeFragment('token'))
  const [pending, setPending] = useState<{ email: string; pendingEmail: string | null } | null>(null)
  if (token === null) {
    return (
      <Entrance title="Change of e-mail address">
        <Notice kind="warn" role="status">
          This link is not whole. Open it from the e-mail once more.
        </Notice>
      </Entrance>
    )
  }
  if (pending) {
    return (
      <Entrance title="Confirmed">
        <Notice kind="ok" role="status">
          {pending.pendingEmail === null
            ? `Your address is ${pending.email} from now on.`
            : `One of two confirmations is there. The change is made when you confirm it from the other address too.`}
        </Notice>
        <p class="elsewhere">
          <a href={at('/')}>To the dashboard</a>
        </p>
      </Entrance>
    )
  }
  return (
    <Entrance title="Change of e-mail address" lead="Confirm that you want this change.">
      <Form
        onSubmit={async () => setPending(await ask(api.POST('/api/me/email/confirm', { body: { token } })))}
      >
        <Submit>Confirm</Submit>
      </Form>
    </Entrance>
  )
}
