import {
  type ComponentChildren,
  createContext,
  type FormHTMLAttributes,
  type InputHTMLAttributes,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'preact'
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks'
import { Failure } from '../app/failure.ts'
import { firstEmptyField, focusFirstField } from '../app/focus.ts'
import { Countdown } from './countdown.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { TITLE_ID } from './page.tsx'

interface FormState {
  readonly busy: boolean
  /** Sent before, and taken. */
  readonly sent?: true
  readonly failure: Failure | null
}

const State = createContext<FormState>({ busy: false, failure: null })

/** A form's values by field name; what is blank is left out. */
export type Values = Record<string, string>

/**
 * A form that shows what the API says is wrong beside the field that it is about, or above where it is about none.
 * @param onSubmit what it throws is shown
 */
export function Form({
  onSubmit,
  children,
  titled = false,
  ...rest
}: {
  onSubmit: (values: Values) => Promise<unknown>
  children: ComponentChildren
  /** The page is there for this form: the focus begins in it, and the page's title is its name. */
  titled?: boolean
} & Omit<FormHTMLAttributes<HTMLFormElement>, 'onSubmit'>) {
  const [state, setState] = useState<FormState>({ busy: false, failure: null })
  const form = useRef<HTMLFormElement>(null)
  // `allowedIps.0` is about the field `allowedIps`.
  const isField = (path: string) => {
    const [name] = path.split('.')
    return [...(form.current?.elements ?? [])].some((field) => field.getAttribute('name') === name)
  }

  const submit = async (event: Event) => {
    event.preventDefault()
    if (state.busy || !form.current) return
    const values: Values = {}
    for (const [name, value] of new FormData(form.current)) {
      if (typeof value === 'string' && value !== '') values[name] = value
    }
    setState({ busy: true, failure: null })
    try {
      await onSubmit(values)
      setState({ busy: false, failure: null, sent: true })
    } catch (thrown) {
      setState({ busy: false, failure: Failure.from(thrown) })
    }
  }
  // To what is wrong, for who does not see it; or to what the answer asks for besides.
  useEffect(() => {
    if (state.failure) form.current?.querySelector<HTMLElement>('[aria-invalid=true], [role=alert]')?.focus()
    else if (state.sent && form.current) firstEmptyField(form.current)?.focus()
  }, [state])

  useEffect(() => {
    if (titled && form.current) focusFirstField(form.current)
  }, [])

  const { failure } = state
  const elsewhere = failure && ![...failure.fields.keys()].some(isField)
  return (
    <State.Provider value={state}>
      <form
        ref={form}
        onSubmit={submit}
        noValidate={false}
        aria-labelledby={titled ? TITLE_ID : undefined}
        {...rest}
      >
        {elsewhere && <FailureNotice failure={failure} />}
        {children}
      </form>
    </State.Provider>
  )
}

/** A failure where it belongs: what it is, what helps, and the id to quote. */
export function FailureNotice({ failure, retry }: { failure: Failure; retry?: () => unknown }) {
  const fields = [...failure.fields].map(([name, text]) => `${name}: ${text}`).join('; ')
  return (
    <Notice kind="danger" role="alert">
      <strong>{failure.retryAfter === null ? failure.message : tooMany(failure.reason)}</strong>
      {fields && <span> ({fields})</span>}
      {failure.hint && <span>. {failure.hint}</span>}
      {failure.retryAfter !== null && (
        <span>
          . <Countdown key={failure.requestId} seconds={failure.retryAfter} />
        </span>
      )}
      {failure.requestId && <small class="request-id">Request {failure.requestId}</small>}
      {retry && (
        <button type="button" class="small" onClick={() => void retry()}>
          Try again
        </button>
      )}
    </Notice>
  )
}

// The API's own sentence names a time that stands still.
function tooMany(reason: Failure['reason']): string {
  if (reason === 'too_many_signups') return 'Too many accounts were created from here'
  if (reason === 'too_many_tries') return 'Too many wrong passwords or codes'
  if (reason === 'too_many_failures') return 'Too many attempts from here have failed'
  return 'Too many requests'
}

interface FieldProps {
  name: string
  label: string
  /** What helps to fill it in. */
  help?: ComponentChildren
  optional?: boolean
}

/** A labelled field with its help and, when the API refused it, why. It begins with `defaultValue`, and keeps what is typed. */
export function Field({
  name,
  label,
  help,
  optional,
  ...input
}: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Labelled name={name} label={label} help={help} optional={optional}>
      {(ids) => <input name={name} {...ids} {...input} required={!optional} />}
    </Labelled>
  )
}

/** A field of several lines. */
export function TextField({
  name,
  label,
  help,
  optional,
  ...input
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Labelled name={name} label={label} help={help} optional={optional}>
      {(ids) => <textarea name={name} rows={3} {...ids} {...input} required={!optional} />}
    </Labelled>
  )
}

/** A choice of one. */
export function SelectField({
  name,
  label,
  help,
  options,
  initial,
  ...input
}: FieldProps & {
  options: readonly (readonly [string, string])[]
  /** What is chosen at first, where the form keeps what is chosen. */
  initial?: string
} & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Labelled name={name} label={label} help={help}>
      {(ids) => (
        <select name={name} {...ids} {...input}>
          {options.map(([value, text]) => (
            <option
              key={value}
              value={value}
              selected={initial === undefined ? undefined : value === initial}
            >
              {text}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  )
}

/** A password: hidden until asked for; pasting and password managers are welcome (ASVS 5.0, 6.2.6 and 6.2.7). */
export function PasswordField({
  name,
  label,
  help,
  autocomplete,
  minLength = 1,
}: FieldProps & { autocomplete: 'current-password' | 'new-password'; minLength?: number }) {
  const [shown, setShown] = useState(false)
  const common = { name, autocomplete, minLength, spellcheck: false, required: true }
  return (
    <Labelled name={name} label={label} help={help}>
      {(ids) => (
        <div class="with-button">
          {shown ? (
            <input type="text" {...ids} {...common} />
          ) : (
            <input type="password" {...ids} {...common} />
          )}
          <button type="button" class="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
            <Icon name="eye" />
            {shown ? 'Hide' : 'Show'}
            <span class="unseen"> password</span>
          </button>
        </div>
      )}
    </Labelled>
  )
}

interface Ids {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

/** Label, help and error around any control, which takes the ids that tie them together. */
export function Labelled({
  name,
  label,
  help,
  optional,
  children,
}: Omit<FieldProps, 'optional'> & {
  optional?: boolean | undefined
  children: (ids: Ids) => ComponentChildren
}) {
  const id = useId()
  const { failure } = useContext(State)
  const entry = [...(failure?.fields ?? [])].find(([path]) => path === name || path.startsWith(`${name}.`))
  const described = [help && `${id}-help`, entry && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="muted"> (optional)</span>}
      </label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': entry ? true : undefined })}
      {entry && (
        <small class="field-error" id={`${id}-error`}>
          {sentence(entry[1])}
        </small>
      )}
      {help && (
        <small class="muted" id={`${id}-help`}>
          {help}
        </small>
      )}
    </div>
  )
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The button that sends the form, and can't be pressed twice. While it is disabled, Enter in a field sends nothing. */
export function Submit({
  children,
  kind = 'primary',
  disabled = false,
}: {
  children: ComponentChildren
  kind?: 'primary' | 'danger'
  disabled?: boolean
}) {
  const { busy } = useContext(State)
  return (
    <button type="submit" class={kind} aria-disabled={busy} disabled={disabled}>
      {busy ? 'One moment…' : children}
    </button>
  )
}
