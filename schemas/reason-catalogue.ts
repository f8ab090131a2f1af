import type { ErrorCode } from './error-codes.ts'

/** What is known of one reason. */
export interface ReasonEntry {
  /** The code, and with it the status, of the error that carries the reason. */
  readonly code: ErrorCode
  /** Whether callers see the reason in the answer. The access log of the organization always shows it. */
  readonly public: boolean
  /** What happened and what to do, for the owner of the credential. `{}` stands for the part behind the colon. */
  readonly explanation: string
}

const shown = (code: ErrorCode, explanation: string) => ({ code, public: true, explanation }) as const
const hidden = (code: ErrorCode, explanation: string) => ({ code, public: false, explanation }) as const

/**
 * Every reason for an error. A reason is stable: programs switch on it, the access log keeps it, and
 * `/docs/errors/<reason>` explains it. A refused credential never has a public reason: a caller who guesses learns
 * nothing from the answer, and the owner finds the reason by the request id.
 */
export const catalogue = {
  // Bodies.
  inexact_number: shown(
    'BAD_REQUEST',
    'The JSON contained a number that cannot be kept exactly, because it has too many digits or is too large or small. Send it as a string.',
  ),
  duplicate_field: shown('BAD_REQUEST', 'The JSON contained an object with two fields of the same name.'),

  // Credentials. The caller gets a uniform 401.
  credential_in_url: shown(
    'BAD_REQUEST',
    'The URL contained a credential. Send credentials in headers, and replace the one that was sent.',
  ),
  malformed_credential: hidden(
    'UNAUTHORIZED',
    'The credential is incomplete: it was mistyped or cut off, or it is not a credential of this API.',
  ),
  missing_credentials: hidden('UNAUTHORIZED', 'The request carried no credential.'),
  unknown_key: hidden(
    'UNAUTHORIZED',
    'No key with this id was ever issued here, or the text that was sent is not the key with this id.',
  ),
  wrong_secret: hidden(
    'UNAUTHORIZED',
    'A key with this id exists, but the secret part that was sent does not belong to it.',
  ),
  wrong_environment: hidden(
    'UNAUTHORIZED',
    'The key belongs to the other environment. Sandbox and production share no key.',
  ),
  key_expired: hidden('UNAUTHORIZED', "The key's expiresAt had passed."),
  key_retired: hidden(
    'UNAUTHORIZED',
    'The key was rotated and its grace period had passed. Use its successor.',
  ),
  key_revoked: hidden('UNAUTHORIZED', 'The key had been revoked.'),
  unknown_token: hidden('UNAUTHORIZED', 'No such access token was ever issued here.'),
  token_expired: hidden('UNAUTHORIZED', 'The access token had expired. Refresh it, or log in again.'),
  token_of_another_organization: hidden(
    'UNAUTHORIZED',
    'The key and the access token belong to different organizations.',
  ),
  session_ended: hidden(
    'UNAUTHORIZED',
    'The user had logged out, or the session had been ended. Log in again.',
  ),
  membership_ended: hidden('UNAUTHORIZED', 'The user was no longer a member of the organization.'),
  unknown_refresh_token: hidden('UNAUTHORIZED', 'No such refresh token was ever issued here.'),
  refresh_token_expired: hidden('UNAUTHORIZED', 'The refresh token had expired. Log in again.'),
  refresh_token_reused: hidden(
    'UNAUTHORIZED',
    'The refresh token had been used before. The session was ended, because somebody may have copied the token.',
  ),
  successors_ended: hidden('UNAUTHORIZED', 'The session of this refresh token had ended. Log in again.'),
  bad_signature: hidden(
    'UNAUTHORIZED',
    'The signature of the leak report did not match a known key of the partner.',
  ),

  // Log-in and confirmation.
  // The same for an address without an account. A program must tell it from a session that is over.
  wrong_password: shown('UNAUTHORIZED', 'The e-mail address or the password was wrong.'),
  password_changed_meanwhile: hidden('UNAUTHORIZED', 'The password changed while the log-in was under way.'),
  second_factor_required: shown(
    'UNAUTHORIZED',
    'The password was right. The account also needs its second factor: send it as totp.',
  ),
  wrong_second_factor: shown('UNAUTHORIZED', 'The code was wrong, or it had been used before.'),
  second_factor_missing: shown(
    'FORBIDDEN',
    'The organization requires a second factor, and the user has not set one up.',
  ),
  confirmation_missing: shown(
    'FORBIDDEN',
    'This operation needs the password or the second factor of the user again.',
  ),
  mailed_token_refused: shown('UNAUTHORIZED', 'The token of the e-mail was unknown, expired or used before.'),
  invitation_refused: shown('UNAUTHORIZED', 'The invitation was unknown, expired, withdrawn or used before.'),
  organization_not_named: shown(
    'CONFLICT',
    'The user belongs to several organizations. Name one as organizationId.',
  ),
  no_member: shown('FORBIDDEN', 'The user is not a member of this organization.'),
  email_taken: shown('CONFLICT', 'A user with this e-mail address exists already.'),
  member_exists: shown('CONFLICT', 'A user with this e-mail address is a member already.'),
  invitation_exists: shown(
    'CONFLICT',
    'This address has an open invitation. Resend or withdraw that invitation.',
  ),
  last_owner: shown(
    'CONFLICT',
    'An organization keeps at least one owner. Make somebody else an owner first.',
  ),
  second_factor_set_up: shown('CONFLICT', 'A second factor is set up already. Remove it first.'),
  second_factor_not_started: shown(
    'CONFLICT',
    'No second factor waits for its first code. Begin with POST /api/auth/totp.',
  ),
  no_second_factor: shown('NOT_FOUND', 'No second factor is set up.'),
  signup_closed: shown(
    'FORBIDDEN',
    'Sign-up is closed on this server. An owner can invite you, and its operator can create an organization.',
  ),
  cookie_for_tokens: shown('FORBIDDEN', 'A dashboard session cannot be exchanged for tokens.'),
  cross_site: shown('FORBIDDEN', 'The request carried the dashboard cookie but came from another site.'),

  // Permissions.
  scope_missing: shown(
    'FORBIDDEN',
    "The credential is valid, but neither alone nor with the user's role does it have the scope {}.",
  ),
  no_key: shown('FORBIDDEN', 'The route needs an API key, and the request carried none.'),
  no_user: shown('FORBIDDEN', 'The route needs a user, and the request carried a key alone.'),
  no_session: shown('FORBIDDEN', 'The route needs a user who logged in, not a key.'),
  no_interview_session: shown('FORBIDDEN', 'The route needs an interview session token.'),
  interview_session: shown('FORBIDDEN', 'An interview session token opens only the embed routes.'),
  api_key_required: shown(
    'BAD_REQUEST',
    'The route needs x-api-key beside the access token. An access token alone opens only account and settings routes.',
  ),
  ip_not_allowed: hidden(
    'FORBIDDEN',
    'The key is valid, but the request came from an address outside its allowedIps.',
  ),
  limit_exceeded: shown(
    'FORBIDDEN',
    'The rate limit is higher than the one of the credential that asks for it.',
  ),
  ips_exceeded: shown(
    'FORBIDDEN',
    'The allowed addresses reach beyond those of the credential that asks for them.',
  ),
  expiry_exceeded: shown('FORBIDDEN', 'The expiry is later than the one of the credential that asks for it.'),
  role_above_own: shown('FORBIDDEN', 'The role {} has more permissions than the credential that gives it.'),
  plan_limit: shown('FORBIDDEN', 'The plan of the organization does not include this: {}.'),
  origin_not_allowed: shown(
    'FORBIDDEN',
    "The page's origin is not among the organization's allowedOrigins. An administrator can add it.",
  ),

  // Throttles.
  rate_limited: shown('RATE_LIMITED', 'The limit of requests per minute was reached.'),
  too_many_failures: shown(
    'RATE_LIMITED',
    'Too many refused credentials came from this address. It has to wait.',
  ),
  too_many_signups: shown(
    'RATE_LIMITED',
    'Too many accounts were created from this address. It has to wait.',
  ),
  link_in_text: shown(
    'BAD_REQUEST',
    'A name contains a link, so it cannot be mailed to somebody else. The details name the place.',
  ),
  mail_limit: shown(
    'RATE_LIMITED',
    'You have sent too many e-mails, or this address got too many. Wait for the time in Retry-After.',
  ),
  too_many_resets: shown(
    'RATE_LIMITED',
    'Too many password resets were requested from this address or for this account.',
  ),
  too_many_tries: shown(
    'RATE_LIMITED',
    'Too many wrong passwords or codes were sent for this account. Wait, then try again.',
  ),
  too_many_waiting: shown('RATE_LIMITED', 'Too many log-ins wait at once. Try again in a second.'),
  too_many_streams: shown('RATE_LIMITED', 'The organization has too many open event streams.'),

  // Idempotency.
  idempotency_key_in_flight: shown(
    'CONFLICT',
    'A request with this Idempotency-Key is in flight. Retry after the time in Retry-After.',
  ),
  idempotency_key_reused: shown(
    'IDEMPOTENCY_MISMATCH',
    'This Idempotency-Key was used with another request. Use a new key for a new request.',
  ),

  // States.
  campaign_status: shown('CONFLICT', 'A campaign cannot go from its status to that one.'),
  webhook_disabled: shown('CONFLICT', 'The webhook is disabled. Enable it first.'),

  // Invites and embedded interviews.
  invalid_invite: hidden('UNAUTHORIZED', 'The invite does not open an interview.'),
  invite_malformed: hidden('UNAUTHORIZED', 'The invite token is incomplete.'),
  invite_unknown: hidden('UNAUTHORIZED', 'No such invite was ever sent.'),
  invite_completed: hidden('UNAUTHORIZED', 'The interview of this invite is complete.'),
  invite_expired: hidden('UNAUTHORIZED', 'The invite had expired.'),
  invite_cancelled: hidden('UNAUTHORIZED', 'The invite had been cancelled.'),
  invite_replaced: hidden('UNAUTHORIZED', 'The invite had been sent again. Only the newest link works.'),
  invite_used: hidden('UNAUTHORIZED', 'The invite link had been used before.'),
  interview_completed: shown('CONFLICT', 'The candidate has completed this interview.'),
  interview_ended: shown(
    'CONFLICT',
    'The interview has ended: it was cancelled, or the candidate was away for more than 24 hours.',
  ),
  interview_abandoned: hidden('UNAUTHORIZED', 'The interview had been abandoned.'),
  campaign_draft: hidden('UNAUTHORIZED', 'The campaign of this invite is a draft.'),
  campaign_paused: hidden('UNAUTHORIZED', 'The campaign of this invite is paused.'),
  campaign_completed: hidden('UNAUTHORIZED', 'The campaign of this invite is complete.'),
  campaign_archived: hidden('UNAUTHORIZED', 'The campaign of this invite is archived.'),
  campaign_unknown: hidden('UNAUTHORIZED', 'The campaign of this invite does not exist.'),

  // Files.
  file_empty: shown('BAD_REQUEST', 'The file is empty.'),
  file_too_large: shown('PAYLOAD_TOO_LARGE', 'The file is larger than the limit.'),
  file_type: shown('UNSUPPORTED_MEDIA_TYPE', 'The content of the file is not of an accepted type.'),
  upload_stood_still: shown('REQUEST_TIMEOUT', 'Too little of the upload arrived for too long.'),
  upload_broken_off: shown('BAD_REQUEST', 'The upload ended before the file was complete.'),
  link_invalid: hidden('UNAUTHORIZED', 'The link to the file had expired or was changed.'),
  storage_limit: shown(
    'FORBIDDEN',
    'The files of the organization take all the space that its plan includes. Delete files, or choose a larger plan.',
  ),
  storage_unavailable: shown(
    'UNAVAILABLE',
    'The file storage is full, read-only or out of reach. Nothing was stored. Try again later.',
  ),

  // HTTP.
  request_timeout: shown(
    'REQUEST_TIMEOUT',
    'The headers and the body did not arrive within REQUEST_TIMEOUT seconds.',
  ),
  too_many_uploads: shown(
    'RATE_LIMITED',
    'The interview session or the credential has too many open uploads. Wait until one has ended.',
  ),
  content_encoding: shown(
    'UNSUPPORTED_MEDIA_TYPE',
    'The body was compressed. Send it uncompressed, without Content-Encoding.',
  ),

  // The server.
  starting: hidden('UNAVAILABLE', 'The server was still starting.'),
  stopping: hidden('UNAVAILABLE', 'The server was about to end.'),
  client_gone: hidden('BAD_REQUEST', 'The client closed the connection before it had the answer.'),
  access_log_full: hidden(
    'UNAVAILABLE',
    'The server could not keep a record of the request, because neither its database nor its disk took any.',
  ),
  database_unavailable: shown(
    'UNAVAILABLE',
    'The database could not be reached, or it was out of disk space, memory or connections. Try again later.',
  ),
  overloaded: shown(
    'UNAVAILABLE',
    'Too much work waited for the database, or the server was short of memory. Try again after Retry-After seconds.',
  ),
  no_smtp_url: shown('UNAVAILABLE', 'This server sends no e-mail. Its operator has to set SMTP_URL.'),
} as const satisfies Record<string, ReasonEntry>
