import { useState } from 'preact/hooks'
import { type AnswerToPost, api, ask } from '../../app/api.ts'
import { Failure } from '../../app/failure.ts'
import { secondFactorMissing } from '../../app/session-state.ts'
import { CopyButton, Snippet } from '../../components/copy.tsx'
import { Field, Form, PasswordField, Submit, type Values } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { QrCode } from '../../components/qr-code.tsx'
import { toast } from '../../components/toast.tsx'

type Setup = AnswerToPost<'/api/auth/totp', 201>
type Step =
  | { name: 'start' }
  | { name: 'setup'; setup: Setup }
  | { name: 'codes'; codes: readonly string[] }
  | { name: 'on' }

/** Sets an authenticator app up, shows the recovery codes once, or takes the second factor away. */
export function SecondFactorCard() {
  const [step, setStep] = useState<Step>({ name: 'start' })
  return (
    <section class="card stack">
      <h2>Second factor</h2>
      {step.name === 'start' && <Start onStep={setStep} />}
      {step.name === 'setup' && <FirstCode setup={step.setup} onStep={setStep} />}
      {step.name === 'codes' && <RecoveryCodes codes={step.codes} onDone={() => setStep({ name: 'on' })} />}
      {step.name === 'on' && <Remove onStep={setStep} />}
    </section>
  )
}

type OnStep = (step: Step) => void

function Start({ onStep }: { onStep: OnStep }) {
  const [confirming, setConfirming] = useState(false)
  const begin = async ({ password }: Values) => {
    try {
      const setup = await ask(api.POST('/api/auth/totp', { body: password ? { password } : {} }))
      onStep({ name: 'setup', setup })
    } catch (thrown) {
      const { reason } = Failure.from(thrown)
      if (reason === 'confirmation_missing') return setConfirming(true)
      if (reason === 'second_factor_set_up') return onStep({ name: 'on' })
      throw thrown
    }
  }
  return (
    <Form onSubmit={begin}>
      <p class="muted">
        With a second factor a stolen password opens nothing: each log-in asks for a code of your
        authenticator app too.
      </p>
      {confirming && (
        <PasswordField
          name="password"
          label="Your password"
          autocomplete="current-password"
          help="Your log-in was a while ago: confirm that it is you."
        />
      )}
      <p class="actions">
        <Submit>Set up an authenticator app</Submit>
        <button type="button" class="quiet" onClick={() => onStep({ name: 'on' })}>
          I have one already
        </button>
      </p>
    </Form>
  )
}

function FirstCode({ setup, onStep }: { setup: Setup; onStep: OnStep }) {
  return (
    <Form
      onSubmit={async ({ code = '' }) => {
        const { recoveryCodes } = await ask(
          api.POST('/api/auth/totp/confirm', { body: { code: code.trim() } }),
        )
        secondFactorMissing.value = false
        onStep({ name: 'codes', codes: recoveryCodes })
      }}
    >
      <p>
        Scan this with your authenticator app, enter the secret in it by hand, or{' '}
        <a href={setup.otpauthUrl}>open the app on this device</a>. It is shown this once.
      </p>
      <QrCode text={setup.otpauthUrl} label="QR code of the secret" />
      <Snippet text={setup.secret} of="the secret" />
      <Field
        name="code"
        label="The code that the app shows"
        autocomplete="one-time-code"
        inputMode="numeric"
      />
      <p class="actions">
        <Submit>Confirm</Submit>
      </p>
    </Form>
  )
}

function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <>
      <Notice kind="ok" role="status">
        The second factor is set up. Keep these recovery codes where you keep passwords: each opens one log-in
        when the app is lost, and they are shown this once.
      </Notice>
      <ul class="codes mono">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <p class="actions">
        <CopyButton text={codes.join('\n')} label="Copy the codes" primary />
        <button type="button" onClick={onDone}>
          I have stored them
        </button>
      </p>
    </>
  )
}

function Remove({ onStep }: { onStep: OnStep }) {
  return (
    <Form
      onSubmit={async ({ password = '', code = '' }) => {
        await ask(
          api.DELETE('/api/auth/totp', { body: { password, ...(code ? { code: code.trim() } : {}) } }),
        )
        toast('The second factor is taken away')
        onStep({ name: 'start' })
      }}
    >
      <p class="muted">
        Each log-in asks for a code. To change to another device, take it away and set it up anew.
      </p>
      <PasswordField name="password" label="Your password" autocomplete="current-password" />
      <Field name="code" label="A code, or a recovery code" autocomplete="one-time-code" optional />
      <p class="actions">
        <Submit kind="danger">Take it away</Submit>
        <button type="button" class="quiet" onClick={() => onStep({ name: 'start' })}>
          Back
        </button>
      </p>
    </Form>
  )
}
