import type { Job } from 'pg-boss'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/connect.ts'
import type { JobData } from '../db/jobs.ts'
import type { FileStore } from '../operations/files/store.ts'
import type { Delivery, MailLog } from '../operations/mail/delivery.ts'
import type { Mailer } from '../operations/mail/mailer.ts'

/** What a job has to work with. */
export interface WorkContext {
  readonly config: Config
  readonly database: Database
  readonly mailer: Mailer
  readonly delivery: Delivery
  readonly files: FileStore
  /** 32 bytes. */
  readonly encryptionKey: Buffer
  readonly publicUrl: () => string
  readonly log: WorkerLog
}

/** Does one job of a queue; a throw has it tried again later, as its queue says. */
export type Work = (context: WorkContext, job: Job<JobData>) => Promise<void>

/** The process log, as far as the worker writes to it. */
export interface WorkerLog extends MailLog {
  error(fields: object, message: string): void
}
