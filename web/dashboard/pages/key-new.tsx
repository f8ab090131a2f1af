import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../app/api.ts'
import { useOnce } from '../app/once.ts'
import { at, go } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Form, Submit, type Values } from '../components/form.tsx'
import { PageHead } from '../components/page.tsx'
import { KeyFields, readFacts, StageField } from './parts/key-form.tsx'
import { NewKey } from './parts/new-key.tsx'
import { nouns } from './parts/scope-editor.tsx'

const blank = { name: '', scopes: [], allowedIps: [], expiresAt: null, rateLimitPerMinute: null } as const

/** Create API Key: what it is for, then the key, once. */
export default function NewKeyPage() {
  // The least that lets someone begin to work; who may less gets what they may.
  const [scopes, setScopes] = useState<readonly string[]>(() =>
    nouns.slice(0, 4).map((noun) => (may(`${noun}:write`) ? `${noun}:write` : `${noun}:read`)),
  )
  const [made, setMade] = useState<{ key: Key; text: string } | null>(null)
  const once = useOnce()
  const create = async (values: Values) => {
    const stage = values.stage as 'development' | undefined
    const body = { ...readFacts(values, scopes), ...(stage ? { stage } : {}) }
    const { key: text, ...key } = await once((headers) => ask(api.POST('/api/keys', { headers, body })))
    setMade({ key, text })
  }
  if (made) {
    return (
      <div class="narrow">
        <PageHead
          key="made"
          title={`“${made.key.name}” is made`}
          back={<a href={at('/settings/keys')}>API Keys</a>}
        />
        <NewKey text={made.text} />
        <p class="actions after">
          <button type="button" class="primary" onClick={() => go(`/settings/keys/${made.key.id}`)}>
            Done
          </button>
          <span class="muted">to the key’s own page</span>
        </p>
      </div>
    )
  }
  return (
    <div class="narrow">
      <PageHead
        title="Create API Key"
        lead="One key for each program and stage: then one can end without the others."
        back={<a href={at('/settings/keys')}>API Keys</a>}
      />
      <Form titled onSubmit={create} class="card">
        <StageField />
        <KeyFields of={blank} scopes={scopes} onScopes={setScopes} />
        <p class="actions">
          <Submit>Create key</Submit>
          <a class="button quiet" href={at('/settings/keys')}>
            Cancel
          </a>
        </p>
      </Form>
    </div>
  )
}
