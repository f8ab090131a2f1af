import Type from 'typebox'
import { findKey, type KeyRow, retireKey } from '../../db/queries/keys.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { KeyWithSecret } from '../../schemas/keys.ts'
import { InstantText, Nullable, Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { takeRoom } from '../plans/room.ts'
import { authorOf, earliest, refuseExcess, refuseStronger } from './authors.ts'
import { changedKey, lockKeyFor } from './find.ts'
import { futureInstant, LAST_INSTANT } from './input.ts'
import { drawKey, issueKey } from './issue.ts'

/**
 * Replaces a key. Of two rotations at once, one finds the key retiring.
 */
export const rotateKey = writeOperation({
  name: 'keys.rotate',
  summary: 'Rotate a key',
  description:
    'Creates a successor with the same name, scopes, addresses, limit and stage, and shows it once. The old key keeps ' +
    'working for `graceHours`, never beyond its own expiry; its answers carry `Deprecation` and `Sunset` headers. ' +
    'Without `expiresAt` the successor lives as long as the old key was meant to.',
  access: 'keys:write',
  ends: ({ id }) => ({ keys: [id] }),
  input: Strict({
    id: Id('key'),
    graceHours: Type.Optional(Type.Integer({ minimum: 0, maximum: 720, default: 24 })),
    expiresAt: Type.Optional(Nullable(InstantText())),
  }),
  output: KeyWithSecret,
  example: { graceHours: 48 },
  async prepare({ read, organizationId, services }, { id }) {
    const [old] = await read((tx) => findKey(tx, organizationId, id))
    if (!old) throw notFound('Key')
    return drawKey(services.config, old.stage)
  },
  async run(context, { id, graceHours = 24, expiresAt }, drawn) {
    const { tx, organizationId, services, emit, audit, invalidate } = context
    const author = authorOf(context)
    // The old key counts until it retires, and an organization with as many keys as its plan allows can still rotate.
    await takeRoom(tx, services.config.environment.name, organizationId, 'keys', 2)
    const old = await lockKeyFor(context, id, 'rotate')
    refuseStronger(old, author)
    const { name, scopes, allowedIps, rateLimitPerMinute } = old
    const expiry =
      expiresAt === undefined
        ? earliest(sameDistance(old), author.rights.expiresAt)
        : futureInstant(expiresAt, old.now)
    refuseExcess({ expiresAt: expiry }, author)
    const facts = { name, scopes, allowedIps, rateLimitPerMinute, expiresAt: expiry }
    const successor = await issueKey(context, organizationId, author, facts, drawn, id)
    const [retiring] = await retireKey(tx, organizationId, id, successor.id, graceHours)
    invalidate(`key:${id}`)
    emit('key.rotated', await changedKey(context, id))
    audit({
      action: 'key.rotated',
      targetType: 'key',
      targetId: id,
      changes: { replacedBy: successor.id, retiresAt: retiring?.retiresAt },
    })
    return successor
  },
})

// From a key's creation to its expiry: the successor of a key for 90 days lives for 90 days.
function sameDistance({ createdAt, expiresAt, now }: KeyRow & { now: Date }): Date | null {
  if (!expiresAt) return null
  return new Date(Math.min(now.getTime() + expiresAt.getTime() - createdAt.getTime(), LAST_INSTANT))
}
