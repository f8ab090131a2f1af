import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import { connect, patient } from '../db/connect.ts'
import { type JobData, JobQueue, jobChannel, type QueueName } from '../db/jobs.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { openFileStore } from '../operations/files/store.ts'
import { openDelivery } from '../operations/mail/delivery.ts'
import { Mailer } from '../operations/mail/mailer.ts'
import { AUDIT_ANCHOR_CRON, anchorAudit, auditAnchor } from './audit-anchor.ts'
import { EXPIRIES_CRON, expiries } from './expiries.ts'
import { FILE_AUDIT_CRON, FILE_SWEEP_CRON, fileAudit, fileSweep } from './file-sweep.ts'
import { inviteBulk } from './invite-bulk.ts'
import { KEY_AGE_CRON, keyAge } from './key-age.ts'
import { mail } from './mail.ts'
import { passwordReset } from './password-reset.ts'
import { RETENTION_CRON, retention } from './retention.ts'
import { startDeliveries } from './webhook-delivery.ts'
import type { Work, WorkContext, WorkerLog } from './work.ts'

/** A worker at work. */
export interface Worker {
  /**
   * Takes nothing more, and waits for what is in hand; what is left after that is done again by another worker.
   * @param graceMs a second, unless told otherwise
   */
  stop(graceMs?: number): Promise<void>
}

// Two workers of one queue, since most of a job's time is spent waiting for another server.
const CONCURRENCY = 2
// New jobs announce themselves; what is to be tried again is found by looking.
const POLL_SECONDS = 5
const POOL_SIZE = 6
const GRACE_MS = 1000
/** What the last anchor may take of a stop. */
const ANCHOR_MS = 1000

/** Messages that were given up wait for an operator. */
const works: Record<Exclude<QueueName, 'mail_failed'>, Work> = {
  mail,
  password_reset: passwordReset,
  retention,
  key_age: keyAge,
  audit_anchor: auditAnchor,
  file_sweep: fileSweep,
  file_audit: fileAudit,
  expiries,
  invite_bulk: inviteBulk,
}

/** Queues that the clock fills, by cron. However many processes keep the clock, each time makes one job. */
const schedules: Partial<Record<QueueName, string>> = {
  retention: RETENTION_CRON,
  key_age: KEY_AGE_CRON,
  audit_anchor: AUDIT_ANCHOR_CRON,
  file_sweep: FILE_SWEEP_CRON,
  file_audit: FILE_AUDIT_CRON,
  expiries: EXPIRIES_CRON,
}

/**
 * Takes jobs out of the queue until it is stopped. Any number of processes may do so at once.
 * @param logins of a migrated database
 * @param publicUrl where links in e-mail lead
 */
export async function startWorker(
  config: Config,
  logins: DatabaseLogins,
  publicUrl: () => string,
  log: WorkerLog,
): Promise<Worker> {
  const jobs = await JobQueue.open(logins.session, config.environment, true, (error) =>
    log.error({ err: error }, 'job queue'),
  )
  const encryptionKey = encryptionKeyOf(config)
  const database = connect(logins.session, config.environment, { max: POOL_SIZE, ...patient })
  const delivery = await openDelivery(config.smtpUrl, publicUrl, log)
  const mailer = new Mailer(jobs, encryptionKey, config)
  const files = await openFileStore(config, database, log)
  const context: WorkContext = { config, database, mailer, delivery, files, encryptionKey, publicUrl, log }

  // Jobs come one at a time: of a batch, one that throws would fail all.
  const options = {
    batchSize: 1,
    localConcurrency: CONCURRENCY,
    pollingIntervalSeconds: POLL_SECONDS,
    notifyPollingIntervalSeconds: POLL_SECONDS,
  }
  for (const [queue, work] of Object.entries(works)) {
    let worker = ''
    worker = await jobs.boss.work<JobData>(queue, options, async ([job]) => {
      if (!job) return
      // After this one it looks for the next at once: a thousand messages must not wait for a thousand polls.
      jobs.boss.notifyWorker(worker)
      try {
        await jobChannel.tracePromise(() => work(context, job), { queue })
      } catch (error) {
        log.error({ err: error, queue, job: job.id, tries: job.retryCount + 1 }, 'job failed')
        throw error
      }
    })
  }
  for (const [queue, cron] of Object.entries(schedules)) await jobs.boss.schedule(queue, cron, null)
  const deliveries = await startDeliveries(context, logins.session)
  return {
    async stop(graceMs = GRACE_MS) {
      // A last delivery may have a mail sent: the queue is closed after them.
      await deliveries.stop(graceMs / 2)
      await jobs.close(graceMs / 2)
      // Nothing is anchored again until a worker is back.
      await withinGrace(anchorAudit(context), log)
      delivery.close()
      files.storage.close()
      await database.end({ timeout: 1 })
    },
  }
}

async function withinGrace(work: Promise<void>, log: WorkerLog): Promise<void> {
  const failed = work.catch((error: unknown) => log.error({ err: error }, 'the last anchor was not made'))
  await Promise.race([failed, delay(ANCHOR_MS, undefined, { ref: false })])
}
