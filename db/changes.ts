import type { Environment } from '../config/environment.ts'
import type { Database, Queryable } from './connect.ts'

/**
 * Announces, when the transaction commits, that what carries the tag has changed: every process forgets what it
 * remembers of it. The announcement is also kept, for a process that does not hear it. Transactions that announce the
 * same tag take turns from here to their commit, so that the ids of a tag's changes are in the order of the commits:
 * whoever has read the newest has read after all of them. Announce last.
 * @param tag e.g. `key:key_…`, `session:ses_…`, `user:usr_…`, `organization:org_…`
 */
export function announceChange(tx: Queryable, environment: Environment, tag: string) {
  return tx`
    with turn as materialized (
      select pg_advisory_xact_lock(hashtextextended(${changesChannel(environment)} || ${tag}::text, 0))),
    change as (insert into changes (tag) select ${tag} from turn returning id)
    select pg_notify(${changesChannel(environment)}, id || ' ' || ${tag}::text) from change`
}

/** A change as announced or read back. */
export interface Change {
  readonly id: string
  readonly tag: string
}

/** A change's acknowledgement: the replica will not answer from what it remembered before. */
export interface Acknowledgement {
  readonly changeId: string
  readonly replicaId: string
}

/** What is heard on the two channels of an environment. */
export interface ChangeHandlers {
  onChange(change: Change): void
  onAcknowledgement(acknowledgement: Acknowledgement): void
  /** At the start and after each lost connection: announcements may have been missed. */
  onGap(): void
}

/**
 * Hears changes and acknowledgements from now on, on a connection of its own that is made again when it is lost.
 * @returns ends the listening
 */
export async function listenToChanges(
  database: Database,
  environment: Environment,
  handlers: ChangeHandlers,
): Promise<() => Promise<void>> {
  const changes = await database.listen(
    changesChannel(environment),
    (payload) => {
      const space = payload.indexOf(' ')
      handlers.onChange({ id: payload.slice(0, space), tag: payload.slice(space + 1) })
    },
    handlers.onGap,
  )
  const acknowledgements = await database.listen(acknowledgementsChannel(environment), (payload) => {
    const [replicaId = '', ...changeIds] = payload.split(' ')
    for (const changeId of changeIds) handlers.onAcknowledgement({ replicaId, changeId })
  })
  return async () => {
    await changes.unlisten()
    await acknowledgements.unlisten()
  }
}

/** Tells whoever waits that the replica has forgotten what these changes concern. */
export function acknowledge(
  database: Database,
  environment: Environment,
  replicaId: string,
  changeIds: readonly string[],
) {
  return database`select pg_notify(${acknowledgementsChannel(environment)}, ${[replicaId, ...changeIds].join(' ')})`
}

function changesChannel(environment: Environment): string {
  return `anteroom_${environment.schema}_changes`
}

function acknowledgementsChannel(environment: Environment): string {
  return `anteroom_${environment.schema}_acknowledgements`
}
