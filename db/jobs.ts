import { tracingChannel } from 'node:diagnostics_channel'
import { fromBunSql, PgBoss, type Queue } from 'pg-boss'
import type postgres from 'postgres'
import type { Environment } from '../config/environment.ts'
import { connect, type Database, patient, type Queryable } from './connect.ts'
import { ownerClient } from './owner-client.ts'

/** What waits in a queue: names what is to be done. Whoever can read the database can read it, so secrets are sealed. */
export type JobData = Record<string, string | number | boolean | null>

/** One measurement of a job in work. Its context names the queue. */
export const jobChannel = tracingChannel('anteroom:job')

const DAY = 86_400

/**
 * Every queue there is, with how long and how often its jobs are tried. Migrating makes them, so that a server may
 * put a job in before any worker has run. Ages are in seconds.
 */
const queues = {
  /** E-mail that could not be delivered: nobody works on it, and an operator may send it again. */
  mail_failed: {
    retryLimit: 0,
    retentionSeconds: 7 * DAY,
    deleteAfterSeconds: 60,
  },
  /** One e-mail, sealed. Tried for about two days: a mail server that is down for a night loses nothing. */
  mail: {
    retryLimit: 60,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 3600,
    expireInSeconds: 120,
    retentionSeconds: 7 * DAY,
    deleteAfterSeconds: 3600,
    notify: true,
    deadLetter: 'mail_failed',
  },
  /** Someone wants a new password: whether there is such an account is found out here. */
  password_reset: {
    retryLimit: 5,
    retryDelay: 5,
    expireInSeconds: 60,
    retentionSeconds: 3600,
    deleteAfterSeconds: 60,
    notify: true,
  },
  /** The hourly sweep of what is kept for a time: what fails now is done an hour later. */
  retention: {
    retryLimit: 2,
    retryDelay: 60,
    expireInSeconds: 600,
    retentionSeconds: DAY,
    deleteAfterSeconds: DAY,
  },
  /** Keys that are due for rotation or expire soon: what one hour misses the next one finds. */
  key_age: {
    retryLimit: 0,
    expireInSeconds: 600,
    retentionSeconds: 3600,
    deleteAfterSeconds: 3600,
    notify: true,
  },
  /** Keeps the ends of the audit chains outside of the database: what one run misses the next one finds. */
  audit_anchor: {
    retryLimit: 0,
    expireInSeconds: 300,
    retentionSeconds: 600,
    deleteAfterSeconds: 600,
  },
  /** Removes the bytes of files whose rows are gone, and gives up uploads that a crash left. */
  file_sweep: {
    retryLimit: 0,
    expireInSeconds: 600,
    retentionSeconds: 3600,
    deleteAfterSeconds: 3600,
  },
  /** Compares the storage with the rows. */
  file_audit: {
    retryLimit: 0,
    expireInSeconds: 3600,
    retentionSeconds: DAY,
    deleteAfterSeconds: DAY,
  },
  /** A file of candidates to invite: whoever takes over goes on where the one before stopped. */
  invite_bulk: {
    retryLimit: 10,
    retryDelay: 5,
    retryBackoff: true,
    expireInSeconds: 300,
    retentionSeconds: DAY,
    deleteAfterSeconds: 3600,
    notify: true,
  },
  /** Invites and interviews that came to their end: what one minute misses the next one finds. */
  expiries: {
    retryLimit: 0,
    expireInSeconds: 300,
    retentionSeconds: 600,
    deleteAfterSeconds: 600,
  },
} as const satisfies Record<string, Omit<Queue, 'name'>>

/** The name of a queue. */
export type QueueName = keyof typeof queues

/** The names of all queues. */
export const queueNames = Object.keys(queues) as QueueName[]

/** pg-boss's own tables stand in a schema beside the environment's. */
export function jobSchema(environment: Environment): string {
  return `${environment.schema}_jobs`
}

// pg-boss hands JSON over as text in some statements and as objects in others, as its usual driver takes both.
const types = {
  json: {
    to: 114,
    from: [114, 3802],
    serialize: (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
    parse: (text: string) => JSON.parse(text),
  },
}

/**
 * The job queue, as who puts jobs in and as who works on them see it. Both work through pg-boss on a small pool of
 * its own in the system role.
 */
export class JobQueue {
  readonly boss: PgBoss
  readonly #client: Database

  private constructor(boss: PgBoss, client: Database) {
    this.boss = boss
    this.#client = client
  }

  /**
   * Opens the queue of an environment that was migrated.
   * @param works whether this process takes jobs out: then it listens, keeps the clock and sweeps
   * @param onError gets what goes wrong behind everyone's back, e.g. a lost connection while polling
   */
  static async open(...options: Parameters<typeof JobQueue.prepare>): Promise<JobQueue> {
    const queue = JobQueue.prepare(...options)
    await queue.boss.start()
    return queue
  }

  /** The same, and does not connect yet. */
  static prepare(
    url: string,
    environment: Environment,
    works: boolean,
    onError: (error: unknown) => void,
  ): JobQueue {
    const client = connect(url, environment, {
      max: works ? 4 : 1,
      types,
      plainColumns: true,
      ...(works ? patient : {}),
    })
    const boss = new PgBoss({
      db: fromBunSql(client),
      schema: jobSchema(environment),
      migrate: false,
      supervise: works,
      schedule: works,
      useListenNotify: works,
      reindex: false,
      monitorVacuum: false,
    })
    boss.on('error', onError)
    return new JobQueue(boss, client)
  }

  /**
   * Puts a job in when the transaction commits, and not at all when it does not.
   * @param tx any transaction of the environment, a tenant's too, or the pool
   */
  async add(tx: Queryable, queue: QueueName, data: JobData): Promise<void> {
    const executeSql = async (text: string, values: unknown[] = []) => ({
      rows: [...(await tx.unsafe(text, values as string[], { prepare: true }))],
    })
    await this.boss.send(queue, data, { db: { executeSql } })
  }

  /** Takes no more jobs out, waits `graceMs` for those in work, and closes the pool. */
  async close(graceMs = 1000): Promise<void> {
    await this.boss.stop({ graceful: graceMs > 0, timeout: graceMs })
    await this.#client.end({ timeout: 1 })
  }
}

/**
 * Brings pg-boss's tables and the queues of an environment up to date.
 * @param url of the user who owns the tables and the schema, which is there
 */
export async function installJobs(url: string, environment: Environment): Promise<void> {
  const schema = jobSchema(environment)
  const client = ownerClient(url, { types })
  try {
    const boss = new PgBoss({
      db: fromBunSql(client),
      schema,
      createSchema: false,
      supervise: false,
      schedule: false,
    })
    await boss.start()
    const known = new Set((await boss.getQueues()).map((queue) => queue.name))
    for (const [name, options] of Object.entries(queues)) {
      if (known.has(name)) await boss.updateQueue(name, options)
      else await boss.createQueue(name, options)
    }
    await boss.stop({ graceful: false })
    await grantJobs(client, schema, environment)
  } finally {
    await client.end()
  }
}

// A tenant's transaction may put jobs in and read none: what waits there belongs to every organization.
async function grantJobs(client: postgres.Sql, schema: string, environment: Environment): Promise<void> {
  const jobs = client(schema)
  const system = client(environment.systemRole)
  const tenant = client(environment.tenantRole)
  await client`grant usage on schema ${jobs} to ${system}, ${tenant}`
  await client`grant select, insert, update, delete on all tables in schema ${jobs} to ${system}`
  await client`grant insert, select (id, start_after) on ${jobs}.job_common to ${tenant}`
  await client`grant select on ${jobs}.queue to ${tenant}`
}
