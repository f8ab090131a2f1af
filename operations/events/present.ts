import type { EventRow } from '../../db/queries/events.ts'

/** An event as the API shows it, in the order of fields in which it is signed and sent. */
export function presentEvent({
  id,
  type,
  createdAt,
  data,
}: Omit<EventRow, 'organizationId' | 'transactionId' | 'data'> & { data: unknown }) {
  return { id, type, createdAt, data }
}
