import type { Environment } from '../config/environment.ts'
import type { Database, Queryable } from './connect.ts'

/**
 * Hears, on a connection of its own, when a transaction commits that wrote events or put deliveries into the queue. It
 * is a hint: whoever waits for it also looks by itself from time to time.
 * @param onSignal gets the organization's id; null at the start and after a lost connection
 * @returns ends the listening
 */
export async function listenToEvents(
  database: Database,
  environment: Environment,
  onSignal: (organizationId: string | null) => void,
): Promise<() => Promise<void>> {
  const { unlisten } = await database.listen(`anteroom_${environment.schema}_events`, onSignal, () =>
    onSignal(null),
  )
  return unlisten
}

/** Tells the same of what was put into the queue again, once the transaction commits. */
export function signalEvents(tx: Queryable, organizationId: string) {
  return tx`select pg_notify('anteroom_' || current_schema() || '_events', ${organizationId})`
}
