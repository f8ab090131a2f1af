import { parseCredential } from '../../credentials/format.ts'
import type { UserPrincipal } from './principals.ts'
import type { CredentialVerifier, Verdict } from './verifier.ts'

/** What is no whole credential of ours. */
export const malformed = {
  principal: null,
  refusal: { reason: 'malformed_credential', organizationId: null, keyId: null },
} as const

/**
 * Whether a user's token or cookie has not come to its end.
 * @param now milliseconds since 1970
 */
export function isLive({ expiresAt }: UserPrincipal, now: number): boolean {
  return expiresAt.getTime() > now
}

/**
 * Verifies the dashboard's cookie. One that this process remembers as over is looked up anew: another process may have
 * prolonged it since.
 */
export async function verifyCookie(
  verifier: CredentialVerifier,
  text: string,
): Promise<Verdict<UserPrincipal>> {
  if (parseCredential(text)?.kind !== 'dashboardCookie') return malformed
  const known = await verifier.verifyToken(text, 'cookie')
  if (!known.principal || isLive(known.principal, Date.now())) return known
  verifier.invalidate(`session:${known.principal.sessionId}`)
  return verifier.verifyToken(text, 'cookie')
}
