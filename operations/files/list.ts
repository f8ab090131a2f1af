import { findCandidateId, listCandidateFiles } from '../../db/queries/files.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { notFound } from '../../schemas/errors.ts'
import { File } from '../../schemas/files.ts'
import { Id } from '../../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'

/** Lists the documents of a candidate, newest first. */
export const listFiles = readOperation({
  name: 'files.list',
  summary: "List a candidate's documents",
  description:
    'Lists the documents that you uploaded for a candidate, newest first. Links to their content are good for five ' +
    'minutes. Recordings are in the answers of the interview.',
  access: 'candidates:read',
  input: Strict({ id: Id('cnd'), ...pageQuery }),
  output: Page('files', File),
  example: { limit: 20 },
  async run({ read, organizationId, services }, { id, ...query }) {
    const page = readPage(query, 'file')
    const [candidate] = await read((tx) => findCandidateId(tx, organizationId, id))
    if (!candidate) throw notFound('Candidate')
    const rows = await read((tx) => listCandidateFiles(tx, organizationId, id, page))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { files: items.map(services.showFile), nextCursor }
  },
})
