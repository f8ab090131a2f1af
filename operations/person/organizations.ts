import Type from 'typebox'
import { listMemberships } from '../../db/queries/accounts.ts'
import { Memberships } from '../../schemas/accounts.ts'
import { personOf } from '../authentication/person.ts'
import { readOperation } from '../core/operation.ts'
import { serializeMembership } from '../sessions/serialize.ts'

/** Lists the organizations that the caller belongs to. */
export const listMyOrganizations = readOperation({
  name: 'me.organizations',
  summary: 'List your organizations',
  description:
    'Lists the organizations that you belong to, and your role in each. The oldest membership comes first.',
  access: 'user',
  // Also for who has yet to set up a second factor: another organization may not require one.
  beforeSecondFactor: true,
  input: Type.Object({}),
  output: Memberships,
  async run({ services, actor }) {
    const memberships = await listMemberships(services.database, personOf(actor).userId)
    return { organizations: memberships.map(serializeMembership) }
  },
})
