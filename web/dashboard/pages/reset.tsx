import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { at, go, takeFragment } from '../app/router.ts'
import { Form, PasswordField, Submit } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

/** A new password, with the token of the mailed link. */
export default function Reset() {
  const [token] = useState(() => takeFragment('token'))
  if (token === null) return <BrokenLink />
  return (
    <Entrance
      title="Set a new password"
      lead="Every session of your account ends; then you log in with the new one."
    >
      <Form
        onSubmit={async ({ password = '' }) => {
          await ask(api.POST('/api/auth/password/reset', { body: { token, password } }))
          go('/login?reset=done', { replace: true })
        }}
      >
        <PasswordField
          name="password"
          label="New password"
          autocomplete="new-password"
          minLength={8}
          help="At least 8 characters."
        />
        <Submit>Set password</Submit>
      </Form>
      <p class="elsewhere">
        <a href={at('/forgot')}>Ask for another link</a>
      </p>
    </Entrance>
  )
}

/** For a link that lost its token on the way. */
function BrokenLink() {
  return (
    <Entrance title="Set a new password">
      <Notice kind="warn" role="status">
        This link is not whole. Open it from the e-mail once more, or ask for another one.
      </Notice>
      <p class="elsewhere">
        <a href={at('/forgot')}>Ask for another link</a>
        <a href={at('/login')}>Log in</a>
      </p>
    </Entrance>
  )
}
