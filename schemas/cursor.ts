import { badRequest } from './errors.ts'
import type { IdPrefix } from './ids.ts'

/** What a list's query asks for, once read. */
export interface PageRequest {
  readonly limit: number
  /** The id that the page begins after; null: from the newest. */
  readonly after: string | null
}

/** A page of rows, newest first. */
export interface PageOf<T> {
  readonly items: T[]
  readonly nextCursor: string | null
}

const CURSOR = /^[a-z]{2,4}_[0-7][0-9a-hjkmnp-tv-z]{25}$/

/**
 * Reads `limit` and `cursor`.
 * @param prefix of the list's ids: another list's cursor would silently give a wrong page
 * @throws ApiError 400 for a cursor that no answer of ours carried
 */
export function readPage(query: { limit: number; cursor?: string }, prefix?: IdPrefix): PageRequest {
  if (query.cursor === undefined) return { limit: query.limit, after: null }
  const after = Buffer.from(query.cursor, 'base64url').toString('latin1')
  if (!CURSOR.test(after) || (prefix && !after.startsWith(`${prefix}_`))) {
    throw badRequest('querystring.cursor', 'is not one that this list gave: leave it out to start anew')
  }
  return { limit: query.limit, after }
}

/**
 * Cuts a page out of what was read with `limit + 1`: one row more than asked for says that there is a next page.
 */
export function pageOf<T extends { id: string }>(rows: readonly T[], limit: number): PageOf<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const nextCursor = rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null
  return { items, nextCursor }
}
