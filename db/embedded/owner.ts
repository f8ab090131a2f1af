import { hkdfSync } from 'node:crypto'
import postgres from 'postgres'
import { scramVerifier } from '../scram.ts'
import { type Cluster, SUPERUSER } from './cluster.ts'
import { type Postmaster, urlOf } from './postmaster.ts'

/** The login that owns Anteroom's database and its tables. It may create roles, and is no superuser. */
const OWNER = 'anteroom_owner'
/** "ANTE", 2: only one process at a time prepares the owner. */
const LOCK = { classid: 0x414e5445, objid: 2 }

/** The URL of the owner's login. */
export function ownerUrl(cluster: Cluster, port: number): string {
  return urlOf(cluster, port, { user: OWNER, password: ownerPassword(cluster) })
}

/**
 * Makes sure that the owner exists and owns everything that is Anteroom's. This is the only work that Anteroom does as
 * the superuser. Clusters of older versions belong to the superuser: they change hands here, once.
 */
export async function prepareOwner(cluster: Cluster, server: Postmaster): Promise<void> {
  const sql = postgres(urlOf(cluster, server.port), {
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
  })
  try {
    if (await isPrepared(sql)) return
    await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${LOCK.classid}, ${LOCK.objid})`
      if (await isPrepared(tx)) return
      await tx.unsafe(`
        create role ${OWNER} login createrole nosuperuser nobypassrls
          password '${scramVerifier(ownerPassword(cluster))}';
        alter database ${SUPERUSER} owner to ${OWNER};
        ${HAND_OVER}`)
    })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function isPrepared(sql: postgres.Sql | postgres.TransactionSql): Promise<boolean> {
  return (await sql`select from pg_roles where rolname = ${OWNER}`).length > 0
}

// Derived, so that the folder keeps one password and not two.
function ownerPassword(cluster: Cluster): string {
  const key = hkdfSync('sha256', cluster.password, '', 'anteroom embedded owner', 32)
  return Buffer.from(key).toString('hex')
}

/**
 * Gives the owner what the superuser has made: schemas and all that is in them, the policies that name the superuser,
 * and the right to grant the roles of the environments. A sequence of a column and the type of a table follow their
 * table.
 */
const HAND_OVER = `
  do $$
  declare
    statement text;
  begin
    for statement in
      with ours as (select oid, nspname from pg_namespace
        where nspowner = '${SUPERUSER}'::regrole and nspname !~ '^pg_' and nspname <> 'information_schema')
      select format('alter schema %I owner to ${OWNER}', nspname) from ours
      union all
      select format('alter table %s owner to ${OWNER}', class.oid::regclass)
      from pg_class class join ours on ours.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not exists (
        select from pg_depend
        where classid = 'pg_class'::regclass and objid = class.oid and deptype in ('a', 'i')
          and refclassid = 'pg_class'::regclass and relkind = 'S')
      union all
      select format('alter routine %s owner to ${OWNER}', routine.oid::regprocedure)
      from pg_proc routine join ours on ours.oid = pronamespace
      union all
      select format('alter type %s owner to ${OWNER}', type.oid::regtype)
      from pg_type type join ours on ours.oid = typnamespace where typtype in ('e', 'd')
      union all
      select format('alter policy %I on %s to ${OWNER}', polname, polrelid::regclass)
      from pg_policy where polroles = array['${SUPERUSER}'::regrole::oid]
      union all
      select format('grant %I to ${OWNER} with admin option', rolname)
      from pg_roles where rolname ~ '^anteroom_(sandbox|production)_(tenant|system)$'
    loop
      execute statement;
    end loop;
  end
  $$`
