import Type, { type Static } from 'typebox'
import { badRequest } from './errors.ts'
import { InstantText } from './primitives.ts'

/** `from` and `to` of a list: from the first instant to the last, which is not included. */
export const periodQuery = {
  from: Type.Optional(InstantText('2026-01-01T00:00:00.000Z')),
  to: Type.Optional(InstantText()),
}

type PeriodQuery = { readonly [K in keyof typeof periodQuery]?: Static<(typeof periodQuery)[K]> }

/**
 * Reads `from` and `to`.
 * @returns null where the query has no limit on that side
 * @throws ApiError 400 for a period that is empty
 */
export function readPeriod({ from, to }: PeriodQuery): { from: Date | null; to: Date | null } {
  const period = {
    from: from === undefined ? null : new Date(from),
    to: to === undefined ? null : new Date(to),
  }
  if (period.from && period.to) requireOrder(period.from, period.to)
  return period
}

/** @throws ApiError 400 for a period that is empty */
export function requireOrder(from: Date, to: Date): void {
  if (from >= to) throw badRequest('querystring.from', 'must be before to')
}
