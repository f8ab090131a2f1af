import { type Command, Option } from 'commander'
import { createEventSource, type EventSourceMessage } from 'eventsource-client'
import { toldToEnd } from '../../lifecycle/ending.ts'
import { newWebhookSecret, signatureHeaders } from '../../operations/webhooks/signature.ts'
import { report, withJson } from '../operator.ts'

interface ListenOptions {
  forwardTo: string
  apiKey?: string
  baseUrl: string
  type?: string
  after?: string
  secret?: string
  json?: boolean
}

/** A receiver's time, as for a real delivery. */
const TIME_OUT_MS = 15_000

/** `anteroom listen` */
export function listenCommand(program: Command): void {
  withJson(
    program
      .command('listen')
      .description(
        "forward an organization's events to a local port as signed webhooks, without a public URL",
      )
      .requiredOption('--forward-to <url>', 'your receiver, e.g. http://localhost:8080/hook')
      .addOption(new Option('--api-key <key>', 'a key with webhooks:read').env('ANTEROOM_API_KEY'))
      .option('--base-url <url>', 'where the API is', 'http://127.0.0.1:3000')
      .option('--type <type>', 'events of one type alone, e.g. interview.completed')
      .option('--after <event>', 'begin after this event (evt_…), not now: nothing that came since is missed')
      .option('--secret <whsec_…>', 'sign with this secret; otherwise one is made for the run'),
  ).action(listen)
}

async function listen(options: ListenOptions): Promise<void> {
  const target = readUrl('--forward-to', options.forwardTo)
  const api = readUrl('--base-url', options.baseUrl)
  if (!options.apiKey) throw new Error('A key is needed: set ANTEROOM_API_KEY, or give --api-key')
  const secret = options.secret ?? newWebhookSecret()
  if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)) throw new Error('--secret must look like whsec_…')

  const url = new URL('/api/events/stream', api)
  if (options.type) url.searchParams.set('type', options.type)
  const source = createEventSource({
    url,
    headers: { authorization: `Bearer ${options.apiKey}` },
    fetch: openOrExplain,
    ...(options.after ? { initialLastEventId: options.after } : {}),
    onConnect: () =>
      report(options, { status: 'connected' }, ['Connected: events are forwarded as they happen.']),
    onDisconnect: () => report(options, { status: 'disconnected' }, ['Disconnected: trying again.']),
  })
  report(options, { status: 'listening', forwardTo: target.href, secret }, [
    `Forwarding events of ${api.origin} to ${target.href}`,
    `Verify them with the secret ${secret}`,
  ])

  let last = options.after
  let refused: Error | undefined
  const end = () => source.close()
  void toldToEnd().cause.then(end)
  for await (const message of source) {
    await forward(options, target, secret, message)
    last = message.id
  }
  if (refused) throw refused
  if (last) report(options, { status: 'ended', last }, [`To go on from here: --after ${last}`])

  /** A refusal will not change by asking again: it ends the command. */
  async function openOrExplain(address: string | URL, init?: RequestInit): Promise<Response> {
    const response = await fetch(address, init)
    if (response.ok) return response
    const text = await response.text()
    const answer = `${response.status} ${messageOf(text)}`
    if (response.status < 500 && response.status !== 429) {
      refused = new Error(`The API answered ${answer}`)
      setImmediate(end)
    }
    throw new Error(answer)
  }
}

async function forward(
  options: ListenOptions,
  target: URL,
  secret: string,
  { id = '', event: type, data }: EventSourceMessage,
): Promise<void> {
  const body = Buffer.from(data)
  const headers = signatureHeaders(id, body, [{ secret, until: null }], Date.now())
  const began = performance.now()
  const outcome = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'Anteroom-Webhooks/1', ...headers },
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIME_OUT_MS),
  }).then(
    async (response) => {
      await response.body?.cancel()
      return { status: response.status, error: null }
    },
    (error: Error) => ({ status: null, error: explain(error) }),
  )
  const durationMs = Math.round(performance.now() - began)
  report(options, { id, type, ...outcome, durationMs }, [
    `${new Date().toISOString()}  ${outcome.status ?? outcome.error}  ${type}  ${id}  ${durationMs} ms`,
  ])
}

function explain({ name, message, cause }: Error): string {
  if (name === 'TimeoutError') return 'no answer within 15 s'
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; hint?: string } }
    return [error?.message, error?.hint].filter(Boolean).join('. ') || text
  } catch {
    return text.slice(0, 200)
  }
}

function readUrl(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new Error(`${option} must be a URL that begins with http:// or https://`)
}
