import type { Environment } from '../../config/environment.ts'
import { type CredentialPrefix, displayPrefix, generateCredential } from '../../credentials/format.ts'
import { hashSecret, secretTag } from '../../credentials/secret.ts'
import { announceChange } from '../../db/changes.ts'
import {
  revokeKey as endKey,
  findKey,
  insertKey,
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
import { presentKey, presentNewKey } from './present.ts'

/** Who makes or changes a key: nobody hands on more than they have. */
export interface KeyAuthor {
  readonly organizationId: string
  readonly userId: string | null
  readonly scopes: readonly string[]
}

/** What key services need to know of the process. */
export interface KeySettings {
  readonly environment: Environment
  /** bcrypt's logarithmic work factor. */
  readonly keyBcryptCost: number
}

/**
 * Makes a key and shows it, this once.
 * @throws ApiError 400 for a stage of the other environment or an expiry in the past, 403 for more than the author has
 */
export async function createKey(
  tx: TenantTransaction,
  settings: KeySettings,
  author: KeyAuthor,
  body: KeyCreate,
): Promise<Key & { key: string }> {
  const stage = stageOf(settings.environment, body.stage)
  const scopes = (body.scopes as Scope[] | undefined) ?? [...author.scopes]
  refuseExcess(scopes as Scope[], author)
  const credential = generateCredential(stage.prefix as CredentialPrefix)
  const [row] = await insertKey(tx, {
    organizationId: author.organizationId,
    id: newId('key'),
    publicId: credential.publicId,
    prefix: displayPrefix(credential),
    name: body.name,
    stage: stage.stage,
    secretHash: await hashSecret(credential.secret, settings.keyBcryptCost),
    secretTag: secretTag(credential.secret),
    scopes,
    allowedIps: body.allowedIps ?? [],
    rateLimitPerMinute: body.rateLimitPerMinute ?? null,
    createdBy: author.userId,
    expiresAt: futureInstant(body.expiresAt),
  })
  return { ...presentNewKey(row as KeyRow), key: credential.text }
}

/** @throws ApiError 404 where the organization has no such key */
export async function getKey(tenancy: Tenancy, organizationId: string, id: string): Promise<Key> {
  return presentFound(await tenancy.read(organizationId, (tx) => findKey(tx, organizationId, id)))
}

function presentFound([row]: readonly KeyWithCounters[]): Key {
  if (!row) throw notFound('Key')
  return presentKey(row)
}

/**
 * Changes what the patch names, and announces it: every process reads the key anew. The row is locked from the
 * read to the write.
 * @throws ApiError 404, 403 for more than the author has, 409 for a key that was revoked
 */
export async function patchKey(
  tx: TenantTransaction,
  settings: KeySettings,
  author: KeyAuthor,
  id: string,
  patch: KeyPatch,
): Promise<Key> {
  const { organizationId } = author
  const [row] = await lockKey(tx, organizationId, id)
  if (!row) throw notFound('Key')
  if (row.revokedAt) throw new ApiError('CONFLICT', 'A revoked key can not be changed')
  if (patch.scopes) refuseExcess(patch.scopes as Scope[], author)
  await updateKey(tx, organizationId, id, {
    name: patch.name ?? row.name,
    scopes: patch.scopes ?? row.scopes,
    allowedIps: patch.allowedIps ?? row.allowedIps,
    expiresAt: patch.expiresAt === undefined ? row.expiresAt : futureInstant(patch.expiresAt),
    rateLimitPerMinute:
      patch.rateLimitPerMinute === undefined ? row.rateLimitPerMinute : patch.rateLimitPerMinute,
  })
  await announceChange(tx, settings.environment, `key:${id}`)
  return presentFound(await findKey(tx, organizationId, id))
}

/**
 * Ends a key, and announces it. A key that was ended before stays as it was.
 * @throws ApiError 404 where the organization has no such key
 */
export async function revokeKey(
  tx: TenantTransaction,
  settings: Pick<KeySettings, 'environment'>,
  organizationId: string,
  id: string,
  reason: string | null,
): Promise<Key> {
  await endKey(tx, organizationId, id, reason)
  await announceChange(tx, settings.environment, `key:${id}`)
  return presentFound(await findKey(tx, organizationId, id))
}

function stageOf(environment: Environment, wanted: string | undefined) {
  const stage = wanted ? environment.stages.find((entry) => entry.stage === wanted) : environment.stages[0]
  if (stage) return stage
  const known = environment.stages.map((entry) => entry.stage).join(' or ')
  throw badRequest('body.stage', `must be ${known} in the ${environment.name}`)
}

function refuseExcess(wanted: readonly Scope[], author: KeyAuthor): void {
  const excess = firstExcess(wanted, author.scopes)
  if (!excess) return
  throw new ApiError('FORBIDDEN', undefined, {
    reason: `scope_missing:${excess}`,
    details: [{ path: 'body.scopes', message: `${excess} is more than your credential has` }],
  })
}

function futureInstant(text: string | null | undefined): Date | null {
  if (text == null) return null
  const instant = new Date(text)
  if (instant.getTime() > Date.now()) return instant
  throw badRequest('body.expiresAt', 'must be in the future')
}
