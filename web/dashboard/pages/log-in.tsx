import { useRef, useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import { Failure } from '../app/failure.ts'
import { at, query } from '../app/router.ts'
import { server } from '../app/server.ts'
import { enter } from '../app/session.ts'
import { Field, Form, PasswordField, Submit, type Values } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { Entrance } from '../shell/entrance.tsx'

interface Choice {
  readonly id: string
  readonly name: string
  readonly role: string
}

/** Log in: password, then the second factor and the organization where the API asks for them. */
export default function LogIn() {
  const [wantsCode, setWantsCode] = useState(false)
  const [choices, setChoices] = useState<readonly Choice[] | null>(null)
  const known = useRef<Values>({})

  const open = async (values: Values) => {
    known.current = values
    const { email = '', password = '', totp, organizationId } = values
    const body = {
      email,
      password,
      ...(totp ? { totp: totp.trim() } : {}),
      ...(organizationId ? { organizationId } : {}),
    }
    try {
      await ask(api.POST('/dashboard/session', { body }))
    } catch (thrown) {
      const failure = Failure.from(thrown)
      const organizations = (failure.body as { organizations?: Choice[] } | undefined)?.organizations
      // Each step leads to the next one; a code that has expired meanwhile leads back to the code.
      const { reason } = failure
      if (reason === 'organization_not_named' && organizations) {
        setWantsCode(false)
        return setChoices(organizations)
      }
      if (reason === 'second_factor_required' || (reason === 'wrong_second_factor' && choices)) {
        setChoices(null)
        return setWantsCode(true)
      }
      throw failure
    }
    await enter()
  }

  if (wantsCode) {
    return (
      <Entrance
        title="Second factor"
        lead="The code that your authenticator app shows, or one of your recovery codes."
      >
        <Form onSubmit={({ totp = '' }) => open({ ...known.current, totp })}>
          <Field name="totp" label="Code" autocomplete="one-time-code" inputMode="text" spellcheck={false} />
          <Submit>Log in</Submit>
          <button type="button" class="quiet" onClick={() => setWantsCode(false)}>
            Back
          </button>
        </Form>
      </Entrance>
    )
  }
  if (choices) {
    return (
      <Entrance title="Choose an organization" lead="You belong to several. You can switch later.">
        <Form onSubmit={async () => {}}>
          <ul class="choices">
            {choices.map(({ id, name, role }) => (
              <ChoiceButton
                key={id}
                name={name}
                role={role}
                open={() => open({ ...known.current, organizationId: id })}
              />
            ))}
          </ul>
        </Form>
        <button type="button" class="quiet" onClick={() => setChoices(null)}>
          Back
        </button>
      </Entrance>
    )
  }
  return (
    <Entrance title="Log in">
      {query.value.get('reset') === 'done' && (
        <Notice kind="ok" role="status">
          Your new password is set. Every session has ended; log in with the new one.
        </Notice>
      )}
      <Form onSubmit={open}>
        <Field
          name="email"
          label="E-mail"
          type="email"
          autocomplete="username"
          defaultValue={known.current.email ?? ''}
        />
        <PasswordField name="password" label="Password" autocomplete="current-password" />
        <Submit>Log in</Submit>
      </Form>
      <p class="elsewhere">
        <a href={at('/forgot')}>Forgotten your password?</a>
        {server.signupIsOpen && <a href={at('/signup')}>Create an account</a>}
      </p>
    </Entrance>
  )
}

function ChoiceButton({ name, role, open }: { name: string; role: string; open: () => Promise<unknown> }) {
  const [failure, setFailure] = useState<string | null>(null)
  return (
    <li>
      <button
        type="button"
        onClick={() => void open().catch((thrown: unknown) => setFailure(Failure.from(thrown).message))}
      >
        <strong>{name}</strong>
        <span class="muted">{role}</span>
      </button>
      {failure && <small class="field-error">{failure}</small>}
    </li>
  )
}
