import type { Environment } from '../../config/environment.ts'
import { displayPrefix, generateCredential } from '../../credentials/format.ts'
import { hashSecret, secretTag } from '../../credentials/secret.ts'
import { insertKey, type KeyRow } from '../../db/queries/keys.ts'
import { badRequest } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'
import type { Key } from '../../schemas/keys.ts'
import type { WriteContext } from '../core/operation.ts'
import type { KeyAuthor, KeyRights } from './authors.ts'
import { serializeNewKey } from './serialize.ts'

/** A new credential that no key has yet. */
export type DrawnKey = Awaited<ReturnType<typeof drawKey>>

/** A key's own facts; its id and secret come with the drawn credential. */
export type KeyFacts = KeyRights & Pick<KeyRow, 'name'>

/**
 * Draws and hashes a new credential. bcrypt takes tens of milliseconds: call this before the transaction.
 * @param stage of the key; unset: the environment's first
 * @throws ApiError 400 for a stage of the other environment
 */
export async function drawKey(
  { environment, keyBcryptCost }: { environment: Environment; keyBcryptCost: number },
  stage?: string,
) {
  const entry = stage ? environment.stages.find((known) => known.stage === stage) : environment.stages[0]
  if (!entry) {
    const known = environment.stages.map((each) => each.stage).join(' or ')
    throw badRequest('body.stage', `must be ${known} in the ${environment.name}`)
  }
  const credential = generateCredential(entry.prefix)
  return {
    stage: entry.stage,
    text: credential.text,
    publicId: credential.publicId,
    prefix: displayPrefix(credential),
    secretHash: await hashSecret(credential.secret, keyBcryptCost),
    secretTag: secretTag(credential.secret),
  }
}

/**
 * Stores a key with a drawn credential, and reports it. The caller has checked the rights.
 * @param replaces the id of the key that it is the successor of
 */
export async function issueKey(
  { tx, emit, audit }: Pick<WriteContext, 'tx' | 'emit' | 'audit'>,
  organizationId: string,
  author: KeyAuthor,
  facts: KeyFacts,
  { text, ...drawn }: DrawnKey,
  replaces?: string,
): Promise<Key & { key: string }> {
  const stored = { organizationId, id: newId('key'), createdBy: author.userId, ...facts, ...drawn }
  const [row] = await insertKey(tx, stored)
  const key = serializeNewKey(row as KeyRow)
  emit('key.created', key)
  audit({
    action: 'key.created',
    targetType: 'key',
    targetId: key.id,
    changes: { ...facts, stage: key.stage, prefix: key.prefix, ...(replaces ? { replaces } : {}) },
  })
  return { ...key, key: text }
}
