import type { Config } from '../../config/config.ts'
import { generateCredential, parseCredential } from '../../credentials/format.ts'
import { sha256 } from '../../credentials/secret.ts'
import { announceChange } from '../../db/changes.ts'
import type { Database, Queryable } from '../../db/connect.ts'
import type { MembershipRow } from '../../db/queries/accounts.ts'
import {
  endSession,
  findPresentedTokens,
  insertSession,
  insertTokens,
  type SessionOrigin,
  touchSession,
  useRefreshToken,
} from '../../db/queries/sessions.ts'
import type { Login } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import { newId } from '../../schemas/ids.ts'

/** What session services need to know of the process. */
export type SessionSettings = Pick<Config, 'environment' | 'accessTokenSeconds' | 'refreshTokenSeconds'>

/** Opens a session for a member and hands out its first two tokens. */
export async function openSession(
  db: Queryable,
  settings: SessionSettings,
  member: MembershipRow,
  origin: SessionOrigin,
): Promise<Login> {
  const session = {
    organizationId: member.organizationId,
    id: newId('ses'),
    userId: member.userId,
    ...origin,
  }
  await insertSession(db, session)
  return issueTokens(db, settings, session, member)
}

/**
 * Exchanges a refresh token for a new pair, once, in one transaction: of two requests with the same token one wins.
 * @throws ApiError 401 for a token that is unknown, used, expired or of an ended session
 */
export async function refreshSession(db: Database, settings: SessionSettings, text: string): Promise<Login> {
  if (parseCredential(text)?.kind !== 'refreshToken') throw invalidRefreshToken()
  const hash = sha256(text)
  return db.begin(async (tx) => {
    const [used] = await useRefreshToken(tx, hash)
    const [presented] = await findPresentedTokens(tx, [hash])
    if (!used || !presented || presented.sessionEndedAt) throw invalidRefreshToken()
    await touchSession(tx, presented.organizationId, presented.sessionId)
    const session = { organizationId: presented.organizationId, id: presented.sessionId }
    return issueTokens(tx, settings, session, presented)
  }) as Promise<Login>
}

/** Ends a session with all its tokens, here and in every process. */
export async function closeSession(
  db: Database,
  settings: Pick<SessionSettings, 'environment'>,
  organizationId: string,
  sessionId: string,
): Promise<void> {
  await db.begin(async (tx) => {
    await endSession(tx, organizationId, sessionId)
    await announceChange(tx, settings.environment, `session:${sessionId}`)
  })
}

async function issueTokens(
  db: Queryable,
  settings: SessionSettings,
  session: { organizationId: string; id: string },
  member: MembershipRow,
): Promise<Login> {
  const access = generateCredential('at_')
  const refresh = generateCredential('rt_')
  await insertTokens(
    db,
    session,
    { hash: sha256(access.text), seconds: settings.accessTokenSeconds },
    { hash: sha256(refresh.text), seconds: settings.refreshTokenSeconds },
  )
  return {
    accessToken: access.text,
    refreshToken: refresh.text,
    tokenType: 'Bearer',
    expiresIn: settings.accessTokenSeconds,
    user: { id: member.userId, email: member.email, name: member.userName, role: member.role },
    organization: { id: member.organizationId, name: member.organizationName, plan: member.organizationPlan },
  }
}

function invalidRefreshToken(): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid refresh token', { reason: 'refresh_token_refused' })
}
