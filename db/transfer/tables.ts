import type { Queryable } from '../connect.ts'

/** A table whose rows are copied. */
export interface CopiedTable {
  readonly schema: string
  readonly name: string
  /** Without those that PostgreSQL computes. */
  readonly columns: readonly string[]
  /** Whether policies decide which rows a login sees: the owner sees none, the system login all. */
  readonly policed: boolean
  /** The partitions by name, as `create table … partition of` names their bounds. */
  readonly partitions: readonly { readonly name: string; readonly bound: string }[]
  /** Which rows are copied, as a condition; null: all. */
  readonly only: string | null
}

/**
 * What is not copied: the migrations write `__drizzle_migrations` themselves. `replicas` and `changes` belong to running
 * processes, and the transaction ids in them mean nothing in another cluster.
 */
const LEFT_OUT = ['__drizzle_migrations', 'replicas', 'changes']

/** Of the job queue: what is still to be done. Its other tables are made anew by the migration and the worker. */
const JOBS = 'job'
const WAITING_JOBS = "state < 'completed'"

/** What the migration, a server or a worker writes in an environment that nobody uses yet. */
const FILLED_BY_ITSELF = ['encryption_canary', 'log_spools', 'access_logs', 'audit_anchors', JOBS]

/** Whether a table may hold rows in an environment that is empty all the same. */
export function isFilledByItself({ name }: CopiedTable): boolean {
  return FILLED_BY_ITSELF.includes(name)
}

interface TableRow {
  readonly name: string
  readonly columns: string[]
  readonly policed: boolean
  readonly needs: string[]
  readonly partitions: { name: string; bound: string }[]
}

/**
 * The tables of an environment, each after those that its foreign keys name.
 * @param schema the environment's; its job queue has a schema beside it
 * @throws Error where foreign keys form a circle
 */
export async function listCopiedTables(db: Queryable, schema: string): Promise<CopiedTable[]> {
  const own = await readTables(db, schema)
  const jobs = await readTables(db, `${schema}_jobs`)
  return [
    ...inOrder(own.filter(({ name }) => !LEFT_OUT.includes(name))).map((row) => copied(schema, row, null)),
    ...jobs
      .filter(({ name }) => name === JOBS)
      .map((row) => copied(`${schema}_jobs`, { ...row, partitions: [] }, WAITING_JOBS)),
  ]
}

function copied(schema: string, row: TableRow, only: string | null): CopiedTable {
  const { name, columns, policed, partitions } = row
  return { schema, name, columns, policed, partitions, only }
}

function readTables(db: Queryable, schema: string) {
  return db<TableRow[]>`
    select class.relname as name, class.relrowsecurity as policed,
      array(
        select attname::text from pg_attribute
        where attrelid = class.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
      ) as columns,
      array(
        select distinct other.relname::text from pg_constraint join pg_class other on other.oid = confrelid
        where conrelid = class.oid and contype = 'f' and confrelid <> conrelid
      ) as needs,
      coalesce((
        select jsonb_agg(
          jsonb_build_object('name', child.relname, 'bound', pg_get_expr(child.relpartbound, child.oid))
          order by child.relname
        )
        from pg_inherits join pg_class child on child.oid = inhrelid where inhparent = class.oid
      ), '[]') as partitions
    from pg_class class join pg_namespace space on space.oid = class.relnamespace
    where nspname = ${schema} and relkind in ('r', 'p') and not relispartition
    order by 1`
}

/** Each table after those that it needs. */
function inOrder(tables: readonly TableRow[]): TableRow[] {
  const ordered: TableRow[] = []
  const done = new Set<string>()
  let left = [...tables]
  while (left.length > 0) {
    const ready = left.filter(({ needs }) => needs.every((name) => done.has(name)))
    if (ready.length === 0)
      throw new Error(`foreign keys form a circle: ${left.map(({ name }) => name).join(', ')}`)
    for (const table of ready) done.add(table.name)
    ordered.push(...ready)
    left = left.filter((table) => !ready.includes(table))
  }
  return ordered
}
