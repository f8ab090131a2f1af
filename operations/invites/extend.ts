import { extendInviteRow } from '../../db/queries/invites.ts'
import { badRequest } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Invite, InviteExtend, MOST_VALID_HOURS } from '../../schemas/invites.ts'
import { Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { lockedInvite, readInvite, requirePending } from './find.ts'
import { serializeInvite } from './serialize.ts'

/** Moves the end of a pending invite. */
export const extendInvite = writeOperation({
  name: 'invites.extend',
  summary: 'Extend a pending invite',
  description:
    'Moves the end of a pending invite, by `hours` or to the time `expiresAt`. The new end can be 720 hours from now at ' +
    'most. The link stays the same.',
  access: 'invites:write',
  input: Strict({ id: Id('inv'), ...InviteExtend.properties }, { minProperties: 2, maxProperties: 2 }),
  output: Invite,
  example: { hours: 48 },
  async run(context, { id, hours, expiresAt }) {
    const { tx, organizationId, services, audit } = context
    const before = await lockedInvite(context, id)
    requirePending(before, 'extended')
    const until = hours === undefined ? { at: new Date(expiresAt as string) } : { hours }
    const [extended] = await extendInviteRow(tx, organizationId, id, until)
    if (!extended) {
      const field = hours === undefined ? 'expiresAt' : 'hours'
      throw badRequest(
        `body.${field}`,
        `must lead to an end that is ahead, at most ${MOST_VALID_HOURS} hours from now`,
      )
    }
    const after = await readInvite(context, id)
    audit({
      action: 'invite.extended',
      targetType: 'invite',
      targetId: id,
      changes: { expiresAt: { from: before.expiresAt, to: after.expiresAt } },
    })
    return serializeInvite(after, services.publicUrl())
  },
})
