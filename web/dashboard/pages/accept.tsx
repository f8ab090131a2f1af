import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { Failure } from '../app/failure.ts'
import { at, takeFragment } from '../app/router.ts'
import { enter } from '../app/session.ts'
import { Field, Form, PasswordField, Submit, type Values } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

/** Accepts an invitation, as a new user or with the account that one has. */
export default function Accept() {
  const [token] = useState(() => takeFragment('token'))
  const [newHere, setNewHere] = useState(true)
  const [wantsCode, setWantsCode] = useState(false)
  if (token === null) {
    return (
      <Entrance title="Accept the invitation">
        <Notice kind="warn" role="status">
          This link is not whole. Open it from the e-mail once more, or ask for another invitation.
        </Notice>
        <p class="elsewhere">
          <a href={at('/login')}>Log in</a>
        </p>
      </Entrance>
    )
  }
  const accept = async ({ name, password = '', totp }: Values) => {
    const body = { token, password, ...(newHere && name ? { name } : {}), ...(totp ? { totp } : {}) }
    try {
      await ask(api.POST('/dashboard/session/accept', { body }))
    } catch (thrown) {
      if (Failure.from(thrown).reason === 'second_factor_required') return setWantsCode(true)
      throw thrown
    }
    await enter('/')
  }
  return (
    <Entrance title="Accept the invitation">
      <fieldset class="segments">
        <legend class="unseen">Account</legend>
        <label>
          <input type="radio" name="account" checked={newHere} onChange={() => setNewHere(true)} />I am new
          here
        </label>
        <label>
          <input type="radio" name="account" checked={!newHere} onChange={() => setNewHere(false)} />I have an
          account
        </label>
      </fieldset>
      <Form key={String(newHere)} onSubmit={accept}>
        {newHere && <Field name="name" label="Your name" autocomplete="name" />}
        <PasswordField
          name="password"
          label={newHere ? 'Choose a password' : 'Your password'}
          autocomplete={newHere ? 'new-password' : 'current-password'}
          help={newHere ? 'At least 8 characters.' : 'Of the account with the invited address.'}
        />
        {wantsCode && (
          <Field
            name="totp"
            label="Code of your authenticator, or a recovery code"
            autocomplete="one-time-code"
          />
        )}
        <Submit>Join</Submit>
      </Form>
    </Entrance>
  )
}
