import { useState } from 'preact/hooks'
import { localTime } from '../../app/local-time.ts'
import { server } from '../../app/server.ts'
import { Field, SelectField, TextField, type Values } from '../../components/form.tsx'
import { ScopeEditor } from './scope-editor.tsx'

/** What can be said of a key, when it is made and later. */
export interface KeyFacts {
  readonly name: string
  readonly scopes: readonly string[]
  readonly allowedIps: readonly string[]
  readonly expiresAt: string | null
  readonly rateLimitPerMinute: number | null
}

const lives = [
  ['', 'Never'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  ['date', 'On a date…'],
] as const

const DAY_MS = 86_400_000

/** The fields of a key; `read` makes of what was typed what the API takes. */
export function KeyFields({
  of,
  scopes,
  onScopes,
}: {
  of: KeyFacts
  scopes: readonly string[]
  onScopes: (scopes: string[]) => void
}) {
  const [life, setLife] = useState(of.expiresAt === null ? '' : 'date')
  return (
    <>
      <Field
        name="name"
        label="Name"
        placeholder="Production API"
        defaultValue={of.name}
        maxLength={200}
        autocomplete="off"
        help="What uses it, and where: you recognise it by this later."
      />
      <fieldset class="field">
        <legend>What it may do</legend>
        <ScopeEditor value={scopes} onChange={onScopes} />
      </fieldset>
      <div class="columns">
        <SelectField
          name="life"
          label="Expires"
          options={lives}
          value={life}
          onChange={(event) => setLife(event.currentTarget.value)}
        />
        {life === 'date' && (
          <Field
            name="expiresAt"
            label="Expires on"
            type="datetime-local"
            defaultValue={of.expiresAt === null ? '' : localTime(of.expiresAt)}
          />
        )}
        <Field
          name="rateLimitPerMinute"
          label="Requests per minute"
          type="number"
          min={1}
          optional
          defaultValue={of.rateLimitPerMinute ?? ''}
          help="Within the organization’s own limit."
        />
      </div>
      <TextField
        name="allowedIps"
        label="Allowed addresses"
        optional
        defaultValue={of.allowedIps.join('\n')}
        spellcheck={false}
        placeholder={'203.0.113.7\n2001:db8::/48'}
        help="One address or range (CIDR) a line. None: from everywhere."
      />
    </>
  )
}

/** What the API takes, of what was typed. */
export function readFacts(values: Values, scopes: readonly string[]) {
  const { name = '', life = '', expiresAt, allowedIps = '', rateLimitPerMinute } = values
  return {
    name,
    scopes: scopes as ['*'],
    allowedIps: allowedIps.split(/[\s,]+/).filter(Boolean),
    expiresAt: life === 'date' ? instantOf(expiresAt) : life ? inDays(Number(life)) : null,
    rateLimitPerMinute: rateLimitPerMinute ? Number(rateLimitPerMinute) : null,
  }
}

/** The stages that the environment has keys for; production has one. */
export function StageField() {
  if (server.environment === 'production') return null
  return (
    <SelectField
      name="stage"
      label="Stage"
      options={[
        ['development', 'Development: sk_dev_…'],
        ['staging', 'Staging: sk_staging_…'],
      ]}
    />
  )
}

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString()
}

function instantOf(local: string | undefined): string | null {
  return local ? new Date(local).toISOString() : null
}
