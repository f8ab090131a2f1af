import { useState } from 'preact/hooks'
import { api, ask, type Key, type LogRecord } from '../app/api.ts'
import { usePoll } from '../app/load.ts'
import { useOnce } from '../app/once.ts'
import { SERVER } from '../app/place.ts'
import { at } from '../app/router.ts'
import { server } from '../app/server.ts'
import { me } from '../app/session.ts'
import { Snippet } from '../components/copy.tsx'
import { Form, Submit } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { curlFor, NewKey } from './parts/new-key.tsx'

const POLL_MS = 1000

/** The first minutes: a key, a request from one's own shell, and the page sees it arrive. */
export default function Welcome() {
  const [made, setMade] = useState<{ key: Key; text: string } | null>(null)
  const once = useOnce()
  const sandbox = server.environment === 'sandbox'
  const make = async () => {
    const body = { name: 'First key', scopes: [sandbox ? '*' : 'campaigns:read'] as ['*'] }
    const { key: text, ...key } = await once((headers) => ask(api.POST('/api/keys', { headers, body })))
    setMade({ key, text })
  }
  const name = me.value?.user?.name.split(' ')[0]
  return (
    <div class="narrow stack">
      <PageHead
        title={name ? `Welcome, ${name}` : 'Welcome'}
        lead="Three steps to your first request. It takes a minute."
      />
      <section class="card step">
        <h2>1. A key of your own</h2>
        {made ? (
          <NewKey text={made.text} curl={false} />
        ) : (
          <Form onSubmit={make}>
            <p class="muted">
              {sandbox
                ? 'In the sandbox this key may do everything. Give the ones of your programs less.'
                : 'This key may read campaigns, and nothing else.'}
            </p>
            <Submit>Make my first key</Submit>
          </Form>
        )}
      </section>
      {made && <FirstRequest of={made.key} text={made.text} />}
    </div>
  )
}

function FirstRequest({ of, text }: { of: Key; text: string }) {
  const [shell, setShell] = useState<'sh' | 'powershell'>(
    navigator.userAgent.includes('Windows') ? 'powershell' : 'sh',
  )
  const [first, setFirst] = useState<LogRecord | null>(null)
  usePoll(
    async () => {
      const { logs } = await ask(api.GET('/api/logs', { params: { query: { keyId: of.id, limit: 100 } } }))
      const earliest = logs.at(-1)
      if (earliest) setFirst(earliest)
    },
    POLL_MS,
    first === null,
  )
  return (
    <>
      <section class="card step">
        <header>
          <h2>2. Ask who you are</h2>
          <fieldset class="segments">
            <legend class="unseen">Shell</legend>
            {(['sh', 'powershell'] as const).map((name) => (
              <label key={name}>
                <input type="radio" name="shell" checked={shell === name} onChange={() => setShell(name)} />
                {name === 'sh' ? 'macOS, Linux' : 'Windows'}
              </label>
            ))}
          </fieldset>
        </header>
        <Snippet text={curlFor(text, shell)} of="the command" />
      </section>
      {first ? <Arrived record={first} /> : <Waiting />}
    </>
  )
}

function Waiting() {
  return (
    <section class="card step" aria-live="polite">
      <h2>3. It arrives here</h2>
      <p class="waiting">Waiting for the first request with this key…</p>
    </section>
  )
}

function Arrived({ record }: { record: LogRecord }) {
  const good = record.status < 400
  return (
    <section class={good ? 'card step arrived' : 'card step'} aria-live="polite">
      <h2>
        <Icon name={good ? 'check' : 'warning'} /> 3.{' '}
        {good ? 'Your first request has arrived' : 'A request has arrived, and was refused'}
      </h2>
      <p>
        <code>
          {record.method} {record.path} → {record.status}
        </code>{' '}
        in {record.durationMs.toFixed(1)} ms, from {record.ip}
        {record.userAgent && ` (${record.userAgent})`}
      </p>
      {!good && <Notice kind="warn">{record.reason ?? 'The log says why.'}</Notice>}
      <p class="actions after">
        <a class="button primary" href={at('/settings/keys')}>
          To your API keys
        </a>
        <a class="button" href={`${SERVER}/docs`} target="_blank" rel="noopener">
          API reference
        </a>
      </p>
    </section>
  )
}
