import type { Environment } from '../config/environment.ts'
import type { Database, Queryable } from './connect.ts'

function channelOf(environment: Environment): string {
  return `anteroom_${environment.schema}`
}

/**
 * Announces, when the transaction commits, that what carries the tag has changed: every process forgets what it
 * remembers of it.
 * @param tag e.g. `key:key_…`, `session:ses_…`, `user:usr_…`, `organization:org_…`
 */
export function announceChange(tx: Queryable, environment: Environment, tag: string) {
  return tx`select pg_notify(${channelOf(environment)}, ${tag})`
}

/** Listens to announced changes until it is stopped. */
export interface ChangeListener {
  stop(): Promise<void>
}

/**
 * Hears every change that is announced from now on.
 * @param onChange gets the tag
 * @param onGap called at the start and after each lost connection: announcements may have been missed
 */
export async function listenToChanges(
  database: Database,
  environment: Environment,
  onChange: (tag: string) => void,
  onGap: () => void,
): Promise<ChangeListener> {
  const subscription = await database.listen(channelOf(environment), onChange, onGap)
  return { stop: async () => void (await subscription.unlisten()) }
}
