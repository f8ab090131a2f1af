import { createCandidate } from '../operations/candidates/create.ts'
import { eraseCandidate } from '../operations/candidates/erase.ts'
import { getCandidate } from '../operations/candidates/get.ts'
import { listCandidates } from '../operations/candidates/list.ts'
import { patchCandidate } from '../operations/candidates/patch.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Candidates. */
export async function candidateRoutes(app: Api): Promise<void> {
  rest(app, 'POST /candidates', createCandidate, { status: 201 })
  rest(app, 'GET /candidates', listCandidates)
  rest(app, 'GET /candidates/:id', getCandidate)
  rest(app, 'PATCH /candidates/:id', patchCandidate)
  rest(app, 'DELETE /candidates/:id', eraseCandidate, { status: 204 })
}
