import { KeyCreate, KeyWithSecret } from '../../schemas/keys.ts'
import { organizationTime } from '../core/clock.ts'
import { writeOperation } from '../core/operation.ts'
import { takeRoom } from '../plans/room.ts'
import { authorOf, refuseExcess } from './authors.ts'
import { futureInstant, normalizeIps, refuseCredential } from './input.ts'
import { drawKey, issueKey } from './issue.ts'

/** Creates a key and shows it, this once. */
export const createKey = writeOperation({
  name: 'keys.create',
  summary: 'Create a key',
  description:
    'The answer shows the whole key in `key`. You cannot see it again: store it in a secret manager.\n\n' +
    'A key has the scopes, addresses, limit and expiry that you name. What you leave out it takes from the ' +
    'credential that creates it, and it can never have more.',
  access: 'keys:write',
  input: KeyCreate,
  output: KeyWithSecret,
  example: { name: 'Production server', scopes: ['campaigns:read', 'invites:write'] },
  async prepare(context, body) {
    refuseCredential('body.name', body.name)
    refuseExcess(rightsIn(body), authorOf(context))
    return drawKey(context.services.config, body.stage)
  },
  async run(context, body, drawn) {
    const { tx, organizationId, services } = context
    const author = authorOf(context)
    const { expiresAt, ...named } = rightsIn(body)
    refuseExcess({ ...named, ...(expiresAt === undefined ? {} : { expiresAt }) }, author)
    if (expiresAt) futureInstant(expiresAt.toISOString(), await organizationTime(tx, organizationId))
    await takeRoom(tx, services.config.environment.name, organizationId, 'keys')
    return issueKey(
      context,
      organizationId,
      author,
      { name: body.name, ...author.rights, ...rightsIn(body) },
      drawn,
    )
  },
})

/** The rights that a body names. */
function rightsIn({ scopes, allowedIps, rateLimitPerMinute, expiresAt }: KeyCreate) {
  return {
    ...(scopes ? { scopes } : {}),
    ...(allowedIps ? { allowedIps: normalizeIps(allowedIps) } : {}),
    ...(rateLimitPerMinute === undefined ? {} : { rateLimitPerMinute }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt === null ? null : new Date(expiresAt) }),
  }
}
