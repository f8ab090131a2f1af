import type { EncryptionKey } from '../../credentials/encryption-key.ts'
import type { Database } from '../../db/connect.ts'
import type { JobQueue } from '../../db/jobs.ts'
import { hurryMail, listUndelivered, type UndeliveredRow } from '../../db/queries/mail.ts'
import type { MailKind } from './kinds.ts'
import { unsealMail } from './mailer.ts'

/** A message that was not delivered yet, as the operator sees it: its text holds links that are good once. */
export interface UndeliveredMail {
  readonly id: string
  /** `waiting`: it is tried again by itself. `failed`: it was given up. */
  readonly state: 'waiting' | 'failed'
  /** Null where no key opens the message. */
  readonly kind: MailKind | null
  readonly to: string | null
  readonly attempts: number
  readonly createdAt: string
  readonly nextAt: string | null
  readonly reason: string | null
}

/** The messages whose delivery has failed at least once, the oldest first. */
export async function listUndeliveredMail(
  database: Database,
  key: EncryptionKey,
  schema: string,
): Promise<UndeliveredMail[]> {
  const rows = await listUndelivered(database, schema)
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    ...opened(key, row),
    attempts: row.attempts + 1,
    createdAt: row.createdAt.toISOString(),
    nextAt: row.nextAt?.toISOString() ?? null,
    reason: row.outcome?.message ?? row.outcome?.value ?? null,
  }))
}

function opened(key: EncryptionKey, { data }: UndeliveredRow): Pick<UndeliveredMail, 'kind' | 'to'> {
  try {
    const { kind, to } = unsealMail(key, data)
    return { kind, to }
  } catch {
    return { kind: null, to: null }
  }
}

/**
 * Sends messages again: those that wait are tried now, and those that were given up get all their attempts again.
 * @param ids as `listUndeliveredMail` gives them
 * @returns how many
 */
export async function resendMail(
  database: Database,
  jobs: JobQueue,
  schema: string,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0
  const hurried = await hurryMail(database, schema, ids)
  return hurried.length + (await jobs.boss.redrive('mail_failed', { ids: [...ids], limit: ids.length }))
}
