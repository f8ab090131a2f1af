import { type ListedSession, listSessions as selectSessions } from '../../db/queries/sessions.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { Session } from '../../schemas/sessions.ts'
import { personOf } from '../authentication/person.ts'
import { readOperation } from '../core/operation.ts'
import { deviceName } from './device-name.ts'

/** Lists the caller's own sessions, newest first. */
export const listSessions = readOperation({
  name: 'sessions.list',
  summary: 'List your sessions',
  description:
    'Lists where you are logged in, in all your organizations, newest first. `current` marks the session that this ' +
    'request is made in.',
  access: 'user',
  input: Strict(pageQuery),
  output: Page('sessions', Session),
  example: { limit: 20 },
  async run({ services, actor }, query) {
    const { userId, sessionId } = personOf(actor)
    const page = readPage(query)
    const { items, nextCursor } = pageOf(await selectSessions(services.database, userId, page), page.limit)
    return { sessions: items.map((row) => serializeSession(row, sessionId)), nextCursor }
  },
})

function serializeSession(row: ListedSession, currentId: string): Session {
  return {
    id: row.id,
    kind: row.kind as Session['kind'],
    device: deviceName(row.userAgent),
    userAgent: row.userAgent,
    ip: row.ip,
    organization: { id: row.organizationId, name: row.organizationName },
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    expiresAt: row.expiresAt,
    current: row.id === currentId,
  }
}
