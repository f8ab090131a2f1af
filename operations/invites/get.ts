import Type from 'typebox'
import { findInvite } from '../../db/queries/invites.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Invite } from '../../schemas/invites.ts'
import { readOperation } from '../core/operation.ts'
import { serializeInvite } from './serialize.ts'

/** Shows one invite. */
export const getInvite = readOperation({
  name: 'invites.get',
  summary: 'Get an invite',
  description: 'Shows an invite, its status and, once the candidate has begun, the id of the interview.',
  access: 'invites:read',
  input: Type.Object({ id: Id('inv') }),
  output: Invite,
  async run({ read, organizationId, services }, { id }) {
    const [row] = await read((tx) => findInvite(tx, organizationId, id))
    if (!row) throw notFound('Invite')
    return serializeInvite(row, services.publicUrl())
  },
})
