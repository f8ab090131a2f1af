import { useState } from 'preact/hooks'
import { api, ask } from '../../app/api.ts'
import { Form, PasswordField, Submit } from '../../components/form.tsx'
import { toast } from '../../components/toast.tsx'

/** Changes the password; every other session ends. */
export function PasswordCard() {
  const [changes, setChanges] = useState(0)
  return (
    <section class="card">
      <h2>Password</h2>
      <Form
        key={changes}
        onSubmit={async ({ currentPassword = '', newPassword = '' }) => {
          await ask(api.POST('/api/auth/password/change', { body: { currentPassword, newPassword } }))
          toast('Your password is changed, and every other session has ended')
          setChanges(changes + 1)
        }}
      >
        <PasswordField name="currentPassword" label="Current password" autocomplete="current-password" />
        <PasswordField
          name="newPassword"
          label="New password"
          autocomplete="new-password"
          minLength={8}
          help="At least 8 characters."
        />
        <p class="actions">
          <Submit>Change password</Submit>
        </p>
      </Form>
    </section>
  )
}
