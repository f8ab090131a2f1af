import { normaliseEntry } from '../../credentials/allow-list.ts'
import { containsCredential } from '../../credentials/format.ts'
import { ApiError, badRequest, type ErrorDetail } from '../../schemas/errors.ts'

/** The last instant that RFC 3339 can write, in milliseconds since 1970. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** @throws ApiError 400 that names each entry that is not an address or a CIDR */
export function normalizeIps(entries: readonly string[]): string[] {
  const details: ErrorDetail[] = []
  const normal = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const written = normaliseEntry(entry)
    if (written) normal.add(written)
    else {
      const message = `${entry} is not an IPv4 or IPv6 address or CIDR`
      details.push({ path: `body.allowedIps.${index}`, message })
    }
  }
  const [first] = details
  if (first) throw new ApiError('BAD_REQUEST', `${first.path} ${first.message}`, { details })
  return [...normal]
}

/**
 * Reads an expiry.
 * @param now the organization's time
 * @throws ApiError 400 for an instant that has passed, or that RFC 3339 has no year for
 */
export function futureInstant(text: string | null, now: Date): Date | null {
  if (text === null) return null
  const instant = new Date(text)
  if (instant > now && instant.getTime() <= LAST_INSTANT) return instant
  throw badRequest('body.expiresAt', 'must be in the future, and before the year 10000')
}

/**
 * Refuses a text that contains a credential: it would be stored in clear, and shown.
 * @throws ApiError 400
 */
export function refuseCredential(path: string, text: string | undefined): void {
  if (text && containsCredential(text)) throw badRequest(path, 'contains a credential')
}
