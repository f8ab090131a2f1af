import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { at } from '../app/router.ts'
import { server } from '../app/server.ts'
import { Field, Form, Submit } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

/** A forgotten password: asks for the link. */
export default function Forgot() {
  const [sent, setSent] = useState<string | null>(null)
  if (server.mail === 'none') {
    return (
      <Entrance title="Forgotten password">
        <Notice kind="info" role="status">
          This server sends no e-mail. Ask who runs it to reset your password.
        </Notice>
        <p class="elsewhere">
          <a href={at('/login')}>Back to log in</a>
        </p>
      </Entrance>
    )
  }
  if (sent !== null) {
    return (
      <Entrance title="Look into your mailbox">
        <Notice kind="ok" role="status">
          If there is an account with {sent}, a link to set a new password is on its way. It can be used once.
        </Notice>
        {server.mail === 'logged' && (
          <p class="muted">This sandbox has no mail server: the message is in the server’s log.</p>
        )}
        <p class="elsewhere">
          <a href={at('/login')}>Back to log in</a>
        </p>
      </Entrance>
    )
  }
  return (
    <Entrance title="Forgotten password" lead="We send a link to set a new one.">
      <Form
        onSubmit={async ({ email = '' }) => {
          await ask(api.POST('/api/auth/password/forgot', { body: { email } }))
          setSent(email)
        }}
      >
        <Field name="email" label="E-mail" type="email" autocomplete="username" />
        <Submit>Send the link</Submit>
      </Form>
      <p class="elsewhere">
        <a href={at('/login')}>Back to log in</a>
      </p>
    </Entrance>
  )
}
