import { createHmac } from 'node:crypto'
import { parseCredential } from '../../credentials/format.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import { sha256 } from '../../credentials/secret.ts'
import type { Queryable } from '../../db/connect.ts'
import { touchSessions } from '../../db/queries/session-uses.ts'
import {
  deleteOldTokens,
  findPresentedTokens,
  findTokenEnd,
  holdSessionOfToken,
  isRefreshTokenReused,
  lockRefreshToken,
  lockUserOfToken,
  type PresentedToken,
  useRefreshToken,
} from '../../db/queries/sessions.ts'
import { Login, RefreshBody } from '../../schemas/accounts.ts'
import { ApiError } from '../../schemas/errors.ts'
import type { Reason } from '../../schemas/reasons.ts'
import { type PublicContext, publicOperation, Refusal } from '../core/operation.ts'
import { closeSessions } from './close.ts'
import { issueTokens } from './open.ts'
import { serializeLogin, type TokenPair } from './serialize.ts'

/**
 * Exchanges a refresh token for its successors (RFC 9700, 4.14.2). Of many requests with the same token one makes them.
 * Whoever repeats it within 30 seconds gets the very same ones: they lost the answer, or are a second tab. A repeat after
 * that means that two hold the token, one of them a thief: the whole session ends.
 *
 * The successors are sealed with a key derived from the used token's text, which is stored nowhere: neither a copy of
 * the database nor this process can open them without it.
 */
export const refresh = publicOperation({
  name: 'sessions.refresh',
  summary: 'Exchange a refresh token for a new pair of tokens',
  description:
    'A refresh token can be exchanged once. If the answer was lost, repeat the request within 30 seconds: you get the ' +
    'same pair. A token that is presented later than that may have been copied, so its whole session ends.',
  errors: [401],
  input: RefreshBody,
  output: Login,
  example: { refreshToken: 'rt_…' },
  async run(context, { refreshToken: text }) {
    const { tx } = context
    if (parseCredential(text)?.kind !== 'refreshToken') throw refused('malformed_credential')
    const hash = sha256(text)
    // Requests with tokens of one user take turns from here on.
    await lockUserOfToken(tx, hash)
    const [presented] = await findPresentedTokens(tx, [hash])
    if (!presented || presented.sessionEndedAt) throw refused('unknown_refresh_token')
    if ((await isRefreshTokenReused(tx, hash)).length > 0) {
      await closeSessions(context, presented.userId, { only: presented.sessionId })
      return new Refusal(refused('refresh_token_reused'))
    }
    return serializeLogin(await successorsOf(context, presented, text), presented)
  },
})

async function successorsOf(
  context: PublicContext,
  presented: PresentedToken,
  text: string,
): Promise<TokenPair> {
  const { tx } = context
  await holdSessionOfToken(tx, presented.hash)
  const [token] = await lockRefreshToken(tx, presented.hash)
  // An administrator may have ended the session meanwhile.
  if (!token) throw refused('unknown_refresh_token')
  if (token.state === 'expired') throw refused('refresh_token_expired')
  if (token.state === 'unused') return exchange(context, presented, text)
  if (!token.successors) throw refused('successors_ended')
  return repeat(tx, text, token.successors)
}

async function exchange(
  { tx, services }: PublicContext,
  presented: PresentedToken,
  text: string,
): Promise<TokenPair> {
  const session = { organizationId: presented.organizationId, id: presented.sessionId }
  const pair = await issueTokens(tx, services.config, session)
  const sealed = seal(successorKey(text), 'successors', `${pair.accessToken} ${pair.refreshToken}`)
  await useRefreshToken(tx, presented.hash, sealed)
  await deleteOldTokens(tx, session.organizationId, session.id)
  await touchSessions(tx, [{ organizationId: session.organizationId, sessionId: session.id }], 0)
  return pair
}

async function repeat(tx: Queryable, text: string, successors: Buffer): Promise<TokenPair> {
  const opened = unseal(successorKey(text), 'successors', successors)
  const [accessToken = '', refreshToken = ''] = opened.split(' ')
  const [end] = await findTokenEnd(tx, sha256(accessToken))
  return { accessToken, refreshToken, expiresIn: Math.ceil(end?.seconds ?? 0) }
}

function refused(reason: Reason): ApiError {
  return new ApiError('UNAUTHORIZED', 'Invalid refresh token', { reason })
}

function successorKey(text: string): Buffer {
  return createHmac('sha256', text).update('anteroom refresh successors').digest()
}
