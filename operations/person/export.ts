import type { Database } from '../../db/connect.ts'
import {
  exportAudit,
  exportInvitations,
  exportMemberships,
  exportRequests,
  exportSessions,
  findPersonRecord,
} from '../../db/queries/person-export.ts'
import { notFound } from '../../schemas/errors.ts'

const PAGE = 1000
/** Of each kind of record the newest: the document stays one that a person can open. */
const MOST_RECORDS = 10_000

const NOTICE =
  'Everything that is kept about you. API keys are security credentials and are left out, as are your password, your ' +
  'sessions’ tokens and your second factor’s secret. Of sessions, audit and requests the newest 10,000 are listed each; ' +
  'where "truncated" says so, there are more.'

type Pages = (
  db: Database,
  userId: string,
  after: string | null,
  limit: number,
) => PromiseLike<readonly ({ id: string } & Record<string, unknown>)[]>

const lists: Record<string, Pages> = {
  sessions: exportSessions,
  audit: exportAudit,
  requests: exportRequests,
}

/**
 * A person's data as the text of one JSON document, piece by piece: page after page is read as the receiver takes it,
 * and never the whole held in memory.
 * @throws ApiError 404 before the first piece, where the user is gone
 */
export async function exportPerson(database: Database, userId: string): Promise<AsyncIterable<string>> {
  const [user] = await findPersonRecord(database, userId)
  if (!user) throw notFound('User')
  const memberships = await exportMemberships(database, userId)
  const invitations = await exportInvitations(database, user.email)
  const head = { exportedAt: new Date(), notice: NOTICE, user, memberships, invitations }
  return pieces(database, userId, head)
}

async function* pieces(database: Database, userId: string, head: object): AsyncGenerator<string> {
  yield JSON.stringify(head).slice(0, -1)
  const truncated: Record<string, boolean> = {}
  for (const [name, readPage] of Object.entries(lists)) {
    yield `,${JSON.stringify(name)}:[`
    let after: string | null = null
    let count = 0
    for (;;) {
      const rows = await readPage(database, userId, after, Math.min(PAGE, MOST_RECORDS - count))
      if (rows.length > 0) yield (count > 0 ? ',' : '') + rows.map((row) => JSON.stringify(row)).join(',')
      count += rows.length
      after = rows.at(-1)?.id ?? after
      if (rows.length < PAGE || count >= MOST_RECORDS) break
    }
    truncated[name] = count >= MOST_RECORDS
    yield ']'
  }
  yield `,"truncated":${JSON.stringify(truncated)}}\n`
}
