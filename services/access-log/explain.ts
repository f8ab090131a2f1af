const sentences: Record<string, string> = {
  credential_in_url:
    'The URL carried a credential. Credentials belong into headers: replace the one that was sent.',
  ip_not_allowed: 'The key is valid, but the request came from an address outside its allowedIps.',
  key_expired: "The key's expiresAt had passed.",
  key_retired: 'The key was rotated and its grace period had passed: use its successor.',
  key_revoked: 'The key had been revoked.',
  malformed_credential: 'What was sent is not whole: mistyped, cut off, or no credential of this API.',
  missing_credentials: 'The request carried no credential.',
  no_key: 'The route needs an API key, and the request carried none.',
  no_user: 'The route needs a user, and the request carried a key alone.',
  rate_limited: 'The limit of requests a minute was reached.',
  session_ended: 'The user had logged out, or the session was ended: log in again.',
  token_expired: 'The access token had expired: refresh it, or log in again.',
  token_of_another_organization: 'The key and the access token belong to different organizations.',
  too_many_failures: 'Too many refused credentials came from this address: it has to wait.',
  unknown_key: 'No key with this id was ever issued here, or what was sent is not the key with this id.',
  unknown_token: 'No such access token was ever issued here.',
  wrong_environment: 'The key belongs to the other environment: sandbox and production share none.',
  wrong_secret: 'There is a key with this id, but the secret part that was sent is not its own.',
}

const SCOPE_MISSING = 'scope_missing:'

/**
 * The reason of a refusal, for people.
 * @param reason as the access log keeps it; null where nothing was refused
 */
export function explain(reason: string | null, status: number): string {
  if (reason?.startsWith(SCOPE_MISSING)) {
    const scope = reason.slice(SCOPE_MISSING.length)
    return `The credential is valid, but neither alone nor with the user's role does it have the scope ${scope}.`
  }
  const known = reason === null ? undefined : sentences[reason]
  if (known) return known
  if (reason !== null) return `The request was refused: ${reason.replaceAll('_', ' ')}.`
  if (status >= 500) return 'The request failed on our side.'
  if (status >= 400) return 'The credential was accepted; the request itself was refused, as its answer said.'
  return 'The request was answered.'
}
