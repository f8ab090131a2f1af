import { insertCandidate } from '../../db/queries/candidates.ts'
import { Candidate, CandidateCreate } from '../../schemas/candidates.ts'
import { newId } from '../../schemas/ids.ts'
import { writeOperation } from '../core/operation.ts'
import { emailTaken, fieldsOf } from './fields.ts'
import { serializeCandidate } from './serialize.ts'

/** Creates a candidate. */
export const createCandidate = writeOperation({
  name: 'candidates.create',
  summary: 'Create a candidate',
  description:
    'Creates a person whom you can invite to campaigns. You can also invite by e-mail address alone: that creates the ' +
    'candidate where there is none.',
  access: 'candidates:write',
  input: CandidateCreate,
  output: Candidate,
  example: { email: 'grace@example.com', name: 'Grace Hopper', externalId: 'ats-4711' },
  async run({ tx, organizationId }, body) {
    const [row] = await insertCandidate(tx, organizationId, newId('cnd'), fieldsOf(body))
    if (!row) throw emailTaken()
    return serializeCandidate(row)
  },
})
