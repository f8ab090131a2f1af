import { createHmac } from 'node:crypto'
import type { Config } from '../../config/config.ts'
import { parseCredential } from '../../credentials/format.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChanges } from '../../db/changes.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import { touchSessions } from '../../db/queries/session-uses.ts'
import {
  deleteOldTokens,
  endSessions,
  findPresentedTokens,
  findTokenEnd,
  holdSessionOfToken,
  lockRefreshToken,
  lockUserOfToken,
  type PresentedToken,
  useRefreshToken,
} from '../../db/queries/sessions.ts'
import type { Login } from '../../schemas/accounts.ts'
import type { Reason } from '../../schemas/reasons.ts'
import { issueTokens } from '../sessions/open.ts'
import { serializeLogin, type TokenPair } from '../sessions/serialize.ts'

/** What came of a presented refresh token. */
export type RefreshOutcome =
  | { readonly login: Login }
  /** Why it was refused, and the tags to settle where its session was ended for it. */
  | { readonly refused: Reason; readonly tags: readonly string[] }

/**
 * Exchanges a refresh token for its successors (RFC 9700, 4.14.2). Of many requests with the same token one makes them;
 * who repeats it within 30 seconds gets the very same ones, as it lost the answer or is a second tab. A repeat after
 * that means that two hold the token, one of them a thief: the whole session ends.
 *
 * The successors wait sealed with a key drawn from the used token's text, which is nowhere at rest: neither a copy of
 * the database nor this process can open them without it.
 */
export async function refreshSession(db: Database, settings: Config, text: string): Promise<RefreshOutcome> {
  if (parseCredential(text)?.kind !== 'refreshToken') return refused('malformed_credential')
  const hash = sha256(text)
  const outcome = (await db.begin(async (tx) => {
    await lockUserOfToken(tx, hash)
    await holdSessionOfToken(tx, hash)
    const [token] = await lockRefreshToken(tx, hash)
    const [presented] = await findPresentedTokens(tx, [hash])
    if (!token || !presented || presented.sessionEndedAt) return refused('unknown_refresh_token')
    if (token.state === 'expired') return refused('refresh_token_expired')
    if (token.state === 'used') return { reused: presented }
    const pair =
      token.state === 'unused'
        ? await exchange(tx, settings, presented, text)
        : await repeat(tx, text, token.successors)
    return pair ? { login: serializeLogin(pair, presented) } : refused('successors_ended')
  })) as RefreshOutcome | { reused: PresentedToken }
  if (!('reused' in outcome)) return outcome
  // After that transaction: a session is locked before its tokens.
  const { userId, sessionId } = outcome.reused
  return db.begin(async (tx) => {
    const tags = (await endSessions(tx, userId, { only: sessionId })).map((id) => `session:${id}`)
    await announceChanges(tx, settings.environment, tags)
    return { refused: 'refresh_token_reused', tags }
  }) as Promise<RefreshOutcome>
}

async function exchange(
  tx: Queryable,
  settings: Config,
  presented: PresentedToken,
  text: string,
): Promise<TokenPair> {
  const session = { organizationId: presented.organizationId, id: presented.sessionId }
  const pair = await issueTokens(tx, settings, session)
  const sealed = seal(successorKey(text), 'successors', `${pair.accessToken} ${pair.refreshToken}`)
  await useRefreshToken(tx, presented.hash, sealed)
  await deleteOldTokens(tx, session.organizationId, session.id)
  await touchSessions(tx, [{ organizationId: session.organizationId, sessionId: session.id }], 0)
  return pair
}

async function repeat(tx: Queryable, text: string, successors: Buffer | null): Promise<TokenPair | null> {
  if (!successors) return null
  const [accessToken = '', refreshToken = ''] = unseal(successorKey(text), 'successors', successors).split(
    ' ',
  )
  const [end] = await findTokenEnd(tx, sha256(accessToken))
  return { accessToken, refreshToken, expiresIn: Math.ceil(end?.seconds ?? 0) }
}

function refused(reason: Reason): RefreshOutcome {
  return { refused: reason, tags: [] }
}

function successorKey(text: string): Buffer {
  return createHmac('sha256', text).update('anteroom refresh successors').digest()
}
