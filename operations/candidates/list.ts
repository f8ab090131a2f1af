import { listCandidates as selectCandidates } from '../../db/queries/candidates.ts'
import { Candidate, candidateFilters } from '../../schemas/candidates.ts'
import { pageOf, readPage } from '../../schemas/cursor.ts'
import { Page, pageQuery, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { wordsToFind } from './search.ts'
import { serializeCandidate } from './serialize.ts'

/** Lists or searches candidates, newest first. */
export const listCandidates = readOperation({
  name: 'candidates.list',
  summary: 'List or search candidates',
  description:
    'Lists candidates, newest first. `q` finds them by the beginnings of words, whatever their case and accents; the ' +
    'other parameters narrow the list.',
  access: 'candidates:read',
  input: Strict({ ...pageQuery, ...candidateFilters }),
  output: Page('candidates', Candidate),
  example: { limit: 20, q: 'ada love' },
  async run({ read, organizationId }, { email, externalId = null, campaignId = null, q, ...query }) {
    const page = readPage(query, 'cnd')
    const words = q === undefined ? [] : wordsToFind(q)
    if (q !== undefined && words.length === 0) return { candidates: [], nextCursor: null }
    const filter = { email: email?.toLowerCase() ?? null, externalId, campaignId, words }
    const rows = await read((tx) => selectCandidates(tx, organizationId, page, filter))
    const { items, nextCursor } = pageOf(rows, page.limit)
    return { candidates: items.map(serializeCandidate), nextCursor }
  },
})
