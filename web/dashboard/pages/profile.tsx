import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { SERVER } from '../app/place.ts'
import { at } from '../app/router.ts'
import { server } from '../app/server.ts'
import { findSession, me } from '../app/session.ts'
import { Confirm } from '../components/confirm.tsx'
import { Field, Form, PasswordField, Submit, type Values } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { toast } from '../components/toast.tsx'
import { WithoutMail } from '../components/without-mail.tsx'

/** One's own account: name, address, all that is kept of one, and the end of it. */
export default function Profile() {
  return (
    <div class="narrow stack">
      <PageHead title="Profile and data" lead="Your account, the same in all your organizations." />
      <NameCard />
      <EmailCard />
      <ExportCard />
      <EraseCard />
    </div>
  )
}

function NameCard() {
  return (
    <section class="card">
      <h2>Name</h2>
      <Form
        onSubmit={async ({ name = '' }) => {
          await ask(api.PATCH('/api/me', { body: { name } }))
          await findSession()
          toast('Your name is changed')
        }}
      >
        <Field
          name="name"
          label="Your name"
          autocomplete="name"
          maxLength={200}
          defaultValue={me.value?.user?.name ?? ''}
        />
        <p class="actions">
          <Submit>Save</Submit>
        </p>
      </Form>
    </section>
  )
}

interface Pending {
  readonly pendingEmail: string | null
}

function EmailCard() {
  const [pending, setPending] = useState<Pending | null>(null)
  const cancel = async () => {
    await ask(api.DELETE('/api/me/email'))
    setPending(null)
    toast('The change is cancelled')
  }
  return (
    <section class="card stack">
      <h2>E-mail address</h2>
      <p>
        <strong>{me.value?.user?.email}</strong> is what you log in with.
      </p>
      <WithoutMail what="the address can’t be changed" />
      {server.mail === 'none' ? null : pending ? (
        <Form onSubmit={cancel}>
          <Notice kind="ok" role="status">
            Links are on their way to both addresses. When both have been opened, {pending.pendingEmail} is
            yours.
          </Notice>
          <p class="actions">
            <Submit kind="danger">Cancel the change</Submit>
          </p>
        </Form>
      ) : (
        <Form
          onSubmit={async ({ email = '', password = '' }) =>
            setPending(await ask(api.POST('/api/me/email', { body: { email, password } })))
          }
        >
          <Field name="email" label="New address" type="email" autocomplete="email" />
          <PasswordField name="password" label="Your password" autocomplete="current-password" />
          <p class="actions">
            <Submit>Change address</Submit>
          </p>
        </Form>
      )}
    </section>
  )
}

function ExportCard() {
  return (
    <section class="card stack tight">
      <h2>Your data</h2>
      <p class="muted">
        Everything that is kept about you, as one JSON document. API keys are credentials, and not in it.
      </p>
      <p class="actions">
        <a class="button" href={`${SERVER}/api/me/export`} download="anteroom-export.json">
          Export my data
        </a>
      </p>
    </section>
  )
}

function EraseCard() {
  const [asking, setAsking] = useState(false)
  const email = me.value?.user?.email ?? ''
  const erase = async ({ password = '', organizations }: Values) => {
    await ask(
      api.DELETE('/api/me', {
        body: { password, ...(organizations ? { eraseOrganizations: true } : {}) },
      }),
    )
    localStorage.clear()
    location.assign(at('/login'))
  }
  return (
    <section class="card stack tight danger-card">
      <h2>Delete account</h2>
      <p class="muted">
        Your name, address, sessions and memberships are erased at once, in every organization. Keys that you
        made stay with their organizations.
      </p>
      <p class="actions">
        <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
          Delete my account
        </button>
      </p>
      {asking && (
        <Confirm
          title="Delete your account?"
          action="Delete for good"
          typed={email}
          onClose={() => setAsking(false)}
          onConfirm={erase}
        >
          <Notice kind="warn">
            This can’t be undone. While you are the last owner of an organization, it is refused unless you
            erase the organization too.
          </Notice>
          <label class="check">
            <input type="checkbox" name="organizations" value="1" />
            Erase the organizations that have no other owner, with all that is in them
          </label>
          <PasswordField name="password" label="Your password" autocomplete="current-password" />
        </Confirm>
      )}
    </section>
  )
}
