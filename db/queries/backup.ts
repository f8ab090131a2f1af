import type { Queryable } from '../connect.ts'

/** A file whose bytes belong into a backup. */
export interface BackedUpFile {
  readonly organizationId: string
  readonly id: string
  readonly sizeBytes: number
  readonly sha256: Buffer
}

/** Every stored file. */
export function listStoredFiles(tx: Queryable) {
  return tx<BackedUpFile[]>`
    select organization_id as "organizationId", id, size_bytes as "sizeBytes", sha256
    from files where state = 'stored' order by organization_id, id`
}

/** A stored file, if it still is. */
export function findStoredFile(db: Queryable, organizationId: string, id: string) {
  return db`select from files where organization_id = ${organizationId} and id = ${id} and state = 'stored'`
}

/** Deletes files that are gone. */
export function deleteFiles(tx: Queryable, files: readonly { organizationId: string; id: string }[]) {
  const ids = files.map(({ id }) => id)
  return tx`delete from files where id = any(${ids})`
}

/** The server's version, as people know it. */
export function databaseVersion(tx: Queryable) {
  return tx<{ version: string }[]>`select current_setting('server_version') as version`
}

/** Instances that may be running: their leases have not ended. */
export function countLiveReplicas(tx: Queryable) {
  return tx<{ live: number }[]>`select count(*)::integer as live from replicas where lease_until > now()`
}

/** Whether a schema is there. */
export function findSchema(tx: Queryable, schema: string) {
  return tx`select from pg_namespace where nspname = ${schema}`
}

/** Drops an environment's schema and that of its job queue, and makes the first one anew, in a transaction. */
export async function dropSchemas(tx: Queryable, schema: string): Promise<void> {
  await tx`drop schema ${tx(schema)} cascade`
  await tx`drop schema if exists ${tx(`${schema}_jobs`)} cascade`
  await tx`create schema ${tx(schema)}`
}
