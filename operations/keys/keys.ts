import type { Environment } from '../../config/environment.ts'
import { normaliseEntry } from '../../credentials/allow-list.ts'
import {
  type CredentialPrefix,
  containsCredential,
  displayPrefix,
  generateCredential,
  redactCredentials,
} from '../../credentials/format.ts'
import { hashSecret, secretTag } from '../../credentials/secret.ts'
import { announceChange } from '../../db/changes.ts'
import { withdrawInvitationsOfKey } from '../../db/queries/invitations.ts'
import {
  countLiveKeys,
  revokeKey as endKey,
  findKey,
  insertKey,
  type KeyChange,
  type KeyRow,
  type KeyWithCounters,
  lockKey,
  updateKey,
} from '../../db/queries/keys.ts'
import type { Tenancy, TenantTransaction } from '../../db/tenant.ts'
import { firstExcess, type Scope } from '../../schemas/access.ts'
import { ApiError, badRequest, notFound } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { Key, KeyCreate, KeyPatch } from '../../schemas/keys.ts'
import { type AuditContext, audit, changesBetween } from '../audit/audit.ts'
import { emit } from '../events/emit.ts'
import { requireRoom } from '../plans/plans.ts'
import { presentKey, presentNewKey } from './present.ts'
import { type KeyAuthor, type KeyRights, refuseExcess, refuseStronger } from './rights.ts'
import { requireAllowed } from './states.ts'

/** Milliseconds since 1970 of the last instant that RFC 3339 can write. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** What key services need to know of the process. */
export interface KeySettings {
  readonly environment: Environment
  /** bcrypt's logarithmic work factor. */
  readonly keyBcryptCost: number
}

/** A key's own facts; its id and secret come with it. */
export type KeyFacts = KeyRights & Pick<KeyRow, 'name' | 'stage' | 'expiresAt'>

/**
 * Makes a key and shows it, this once. What the body leaves out it has from its author: scopes, and of a key that
 * makes another also that key's addresses and limit.
 * @throws ApiError 400 for a stage of the other environment, a bad address or an expiry in the past, 403 for more than
 *   the author or the plan has
 */
export async function createKey(
  tx: TenantTransaction,
  settings: KeySettings,
  author: KeyAuthor,
  body: KeyCreate,
): Promise<Key & { key: string }> {
  refuseCredential('body.name', body.name)
  const facts: KeyFacts = {
    name: body.name,
    stage: stageOf(settings.environment, body.stage).stage,
    scopes: body.scopes ?? author.rights.scopes,
    allowedIps: body.allowedIps ? normaliseIps(body.allowedIps) : author.rights.allowedIps,
    rateLimitPerMinute:
      body.rateLimitPerMinute === undefined ? author.rights.rateLimitPerMinute : body.rateLimitPerMinute,
    expiresAt: futureInstant(body.expiresAt),
  }
  refuseExcess(facts, author)
  if (author.plan !== null) {
    const [live] = await countLiveKeys(tx, author.context.organizationId)
    requireRoom(settings.environment.name, author.plan, 'keys', live?.count ?? 0)
  }
  const { row, text } = await issueKey(tx, settings, author, facts)
  const key = presentNewKey(row)
  await emit(tx, row.organizationId, 'key.created', key)
  await audit(tx, author.context, {
    action: 'key.created',
    targetType: 'key',
    targetId: row.id,
    changes: { ...facts, prefix: row.prefix },
  })
  return { ...key, key: text }
}

/** Draws a new secret for a key of these facts and stores it. Rights are the caller's to check. */
export async function issueKey(
  tx: TenantTransaction,
  settings: KeySettings,
  author: KeyAuthor,
  facts: KeyFacts,
): Promise<{ row: KeyRow; text: string }> {
  const credential = generateCredential(stageOf(settings.environment, facts.stage).prefix as CredentialPrefix)
  const [row] = await insertKey(tx, {
    organizationId: author.context.organizationId,
    id: newId('key'),
    publicId: credential.publicId,
    prefix: displayPrefix(credential),
    secretHash: await hashSecret(credential.secret, settings.keyBcryptCost),
    secretTag: secretTag(credential.secret),
    createdBy: author.userId,
    ...facts,
  })
  return { row: row as KeyRow, text: credential.text }
}

/** @throws ApiError 404 where the organization has no such key */
export async function getKey(tenancy: Tenancy, organizationId: string, id: string): Promise<Key> {
  return presentFound(await tenancy.read(organizationId, (tx) => findKey(tx, organizationId, id)))
}

/** @throws ApiError 404 where nothing was found */
export function presentFound([row]: readonly KeyWithCounters[]): Key {
  if (!row) throw notFound('Key')
  return presentKey(row)
}

/**
 * Changes what the patch names, and announces it: every process reads the key anew. The row is locked from the
 * read to the write.
 * @throws ApiError 404, 403 for more than the author has, 409 for a key that has ended
 */
export async function patchKey(
  tx: TenantTransaction,
  settings: Pick<KeySettings, 'environment'>,
  author: KeyAuthor,
  id: string,
  patch: KeyPatch,
): Promise<Key> {
  refuseCredential('body.name', patch.name)
  const { organizationId } = author.context
  const [row] = await lockKey(tx, organizationId, id)
  if (!row) throw notFound('Key')
  requireAllowed(row, 'patch')
  refuseStronger(row, author)
  const change: Partial<KeyChange> = {
    ...(patch.name === undefined ? {} : { name: patch.name }),
    ...(patch.scopes ? { scopes: patch.scopes } : {}),
    ...(patch.allowedIps ? { allowedIps: normaliseIps(patch.allowedIps) } : {}),
    ...(patch.expiresAt === undefined ? {} : { expiresAt: futureInstant(patch.expiresAt) }),
    ...(patch.rateLimitPerMinute === undefined ? {} : { rateLimitPerMinute: patch.rateLimitPerMinute }),
  }
  refuseExcess(change, author)
  await updateKey(tx, organizationId, id, { ...row, ...change })
  if (change.scopes && firstExcess(row.scopes as Scope[], change.scopes)) {
    await withdrawInvitationsOfKey(tx, organizationId, id)
  }
  await announceChange(tx, settings.environment, `key:${id}`)
  const key = presentFound(await findKey(tx, organizationId, id))
  const changes = changesBetween(row, change)
  if (Object.keys(changes).length > 0) {
    await audit(tx, author.context, { action: 'key.changed', targetType: 'key', targetId: id, changes })
  }
  return key
}

/**
 * Ends a key, and announces it. A key that was revoked before stays as it was.
 * @param reason for the organization's own records
 * @throws ApiError 404 where the organization has no such key
 */
export async function revokeKey(
  tx: TenantTransaction,
  settings: Pick<KeySettings, 'environment'>,
  context: AuditContext,
  id: string,
  reason: string | null,
): Promise<Key> {
  // The reason of a revocation is no reason to refuse one: a credential in it is cut down instead.
  const kept = reason && redactCredentials(reason)
  const [ended] = await endKey(tx, context.organizationId, id, kept)
  await announceChange(tx, settings.environment, `key:${id}`)
  const key = presentFound(await findKey(tx, context.organizationId, id))
  if (ended) {
    await emit(tx, context.organizationId, 'key.revoked', key)
    await audit(tx, context, {
      action: 'key.revoked',
      targetType: 'key',
      targetId: id,
      changes: { reason: kept },
    })
  }
  return key
}

function stageOf(environment: Environment, wanted: string | undefined) {
  const stage = wanted ? environment.stages.find((entry) => entry.stage === wanted) : environment.stages[0]
  if (stage) return stage
  const known = environment.stages.map((entry) => entry.stage).join(' or ')
  throw badRequest('body.stage', `must be ${known} in the ${environment.name}`)
}

/** @throws ApiError 400 that names the bad entries */
function normaliseIps(entries: readonly string[]): string[] {
  const details: { path: string; message: string }[] = []
  const normal = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const written = normaliseEntry(entry)
    if (written) normal.add(written)
    else
      details.push({
        path: `body.allowedIps.${index}`,
        message: `${entry} is no IPv4 or IPv6 address or CIDR`,
      })
  }
  const [first] = details
  if (first) throw new ApiError('BAD_REQUEST', `${first.path} ${first.message}`, { details })
  return [...normal]
}

/** @throws ApiError 400 for an instant that has passed, or that RFC 3339 has no year for */
export function futureInstant(text: string | null | undefined): Date | null {
  if (text == null) return null
  const instant = new Date(text)
  if (instant.getTime() > Date.now() && instant.getTime() <= LAST_INSTANT) return instant
  throw badRequest('body.expiresAt', 'must be in the future, and before the year 10000')
}

// Someone who pastes a key where its name or a reason belongs would have it stored in clear, and shown.
function refuseCredential(path: string, text: string | null | undefined): void {
  if (text && containsCredential(text)) throw badRequest(path, 'holds a credential')
}
