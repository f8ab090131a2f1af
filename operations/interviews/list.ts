import { listInterviews as selectInterviews } from '../../db/queries/interviews.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Interview, interviewFilters } from '../../schemas/interviews.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { serializeInterview } from './serialize.ts'

/** Lists interviews with their answers, newest first. */
export const listInterviews = readOperation({
  name: 'interviews.list',
  summary: 'List interviews',
  description:
    'Lists interviews with their answers, newest first. Links to recordings in it are good for five minutes.',
  access: 'interviews:read',
  input: Strict({ ...pageQuery, ...interviewFilters }),
  output: Page('interviews', Interview),
  example: { limit: 20, status: 'completed' },
  async run({ read, organizationId, services }, { email, ...query }) {
    const { status = null, campaignId = null, candidateId = null, inviteId = null } = query
    const page = readPage(query, 'int')
    const filter = { status, campaignId, candidateId, inviteId, email: email?.toLowerCase() ?? null }
    const rows = await read((tx) => selectInterviews(tx, organizationId, page, filter))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { interviews: items.map((row) => serializeInterview(row, services.showFile)), nextCursor }
  },
})
