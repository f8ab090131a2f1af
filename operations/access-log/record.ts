import { containsCredential, redactCredentials } from '../../credentials/format.ts'
import { idTime } from '../../schemas/id-time.ts'

/** What is kept of one request. URL, user agent and reason may be as the caller sent them: `formatRecord` cleans them. */
export interface RequestRecord {
  /** The request id, whose time is the request's. */
  readonly id: string
  /** Null where the request can be tied to nobody. */
  readonly organizationId: string | null
  readonly method: string
  /** As requested; the query string is left out. */
  readonly url: string
  readonly status: number
  /** Milliseconds until the response began. */
  readonly durationMs: number
  /** In the one form that `plainAddress` gives. */
  readonly ip: string
  readonly userAgent: string | undefined
  /** What the route declared to need; several needs are parted by commas. */
  readonly access: string | undefined
  readonly credentialType: string | null
  readonly keyId: string | null
  /** SHA-256 of the key that was presented. */
  readonly keyHash: string | null
  readonly userId: string | null
  /** Why the request was refused. */
  readonly reason: string | null
  /** Whether its credential was refused: counted among the key's failed attempts and not among its requests. */
  readonly failed: boolean
  /** The request is counted, and gets no row: too many like it were refused in this minute. */
  readonly countedOnly?: boolean
}

const LONGEST_PATH = 500
const LONGEST_USER_AGENT = 300
const SHORTEST_CREDENTIAL = 20
// Category Cc: no tab, which parts fields, no line feed, which parts records, no NUL, which PostgreSQL can't hold.
const CONTROL = /\p{Cc}/u
const CONTROLS = /\p{Cc}/gu
const UNPAIRED = /\p{Surrogate}/gu

/**
 * The one line that stands for a request in the spool, line feed included: fields parted by tabs in the order that
 * `store_access_records` reads them, an empty one for null.
 */
export function formatRecord(record: RequestRecord): string {
  return `${record.organizationId ?? ''}\t${record.id}\t${idTime(record.id)}\t${record.method}\t${pathOf(record.url)}\t${
    record.status
  }\t${Math.round(record.durationMs * 1000) / 1000}\t${record.ip}\t${agentOf(record.userAgent)}\t${
    record.access ?? ''
  }\t${record.credentialType ?? ''}\t${record.keyId ?? ''}\t${record.keyHash ?? ''}\t${record.userId ?? ''}\t${
    record.reason === null ? '' : clean(record.reason, LONGEST_PATH)
  }\t${record.failed ? 'f' : ''}${record.countedOnly ? '\tc' : ''}\n`
}

/** A URL's path, without the query string. */
export function withoutQuery(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function pathOf(url: string): string {
  return clean(withoutQuery(url), LONGEST_PATH) || '/'
}

// Callers are few and ask often: each of their agents is cleaned once.
const AGENTS_REMEMBERED = 1000
const agents = new Map<string, string>()

function agentOf(agent: string | undefined): string {
  if (agent === undefined) return ''
  const known = agents.get(agent)
  if (known !== undefined) return known
  const cleaned = clean(agent, LONGEST_USER_AGENT)
  if (agents.size >= AGENTS_REMEMBERED) agents.clear()
  agents.set(agent, cleaned)
  return cleaned
}

/** One line without a credential. A credential is looked for before the text is cut, or half of it would stay. */
function clean(text: string, longest: number): string {
  let cleaned = CONTROL.test(text) ? text.replace(CONTROLS, ' ') : text
  if (cleaned.length >= SHORTEST_CREDENTIAL && containsCredential(cleaned))
    cleaned = redactCredentials(cleaned)
  if (cleaned.length > longest) cleaned = cleaned.slice(0, longest).replace(UNPAIRED, '')
  return cleaned
}
