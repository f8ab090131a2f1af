import { listAccessRecords } from '../../db/queries/access-log.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { LogRecord, logFilter } from '../../schemas/logs.ts'
import { periodQuery, readPeriod } from '../../schemas/period.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeLogRecord } from './serialize.ts'

/** Lists the requests of the organization, newest first. */
export const listLogs = readOperation({
  name: 'logs.list',
  summary: 'List requests',
  description:
    'Lists the requests of the organization, newest first: every request whose credential was accepted, and refused ' +
    'requests up to a limit per minute. Above that limit refused requests are only counted: `failedAttempts` of a key ' +
    'counts all of them. A request is in the list within a second.',
  access: 'logs:read',
  input: Strict({ ...pageQuery, ...logFilter, ...periodQuery }),
  output: Page('logs', LogRecord),
  example: { limit: 20, status: 403 },
  async run({ read, organizationId }, { keyId, status, path, ...query }) {
    const page = readPage(query, 'req')
    const { from, to } = readPeriod(query)
    const filter = { keyId, status, path, from: from?.getTime(), to: to?.getTime() }
    const rows = await read((tx) => listAccessRecords(tx, organizationId, page, filter))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { logs: items.map(serializeLogRecord), nextCursor }
  },
})
