import type { Config } from '../../config/config.ts'
import { seal, unseal } from '../../credentials/seal.ts'
import type { Queryable } from '../../db/connect.ts'
import type { JobData, JobQueue } from '../../db/jobs.ts'
import { ApiError } from '../../schemas/errors.ts'
import { takeAllowance } from './allowances.ts'
import type { Mail } from './compose.ts'

const CONTEXT = 'mail'

declare module '../core/services.ts' {
  interface Services {
    /** Where work is put that a request does not wait for; `jobs/worker.ts` takes it out. */
    readonly jobs: JobQueue
    /** Sends e-mail once a transaction has committed. */
    readonly mailer: Mailer
  }
}

/**
 * Hands messages over to the job queue, within the caller's transaction: a message leaves when the transaction
 * commits, not at all when it does not, and no request waits for a mail server. Messages carry single-use tokens, so
 * that what waits in the queue is sealed.
 */
export class Mailer {
  readonly #jobs: JobQueue
  readonly #sealingKey: Buffer
  /** Whether messages leave this server: not in production without SMTP_URL. */
  readonly possible: boolean

  /** @param sealingKey 32 bytes */
  constructor(jobs: JobQueue, sealingKey: Buffer, config: Pick<Config, 'environment' | 'smtpUrl'>) {
    this.#jobs = jobs
    this.#sealingKey = sealingKey
    this.possible = config.smtpUrl !== null || config.environment.name === 'sandbox'
  }

  /**
   * For routes that are of no use without e-mail, before they do anything.
   * @throws ApiError 503 in production without SMTP_URL
   */
  requireMail(): void {
    if (this.possible) return
    throw new ApiError('UNAVAILABLE', 'This server sends no e-mail: its operator has to set SMTP_URL', {
      reason: 'no_smtp_url',
    })
  }

  /**
   * Sends a message once the transaction has committed, within the limits of its kind.
   * @param tx any transaction, a tenant's too
   * @param sender the id of the organization or person that causes it; null where the server does
   * @throws ApiError 503 in production without SMTP_URL; 429 with the seconds to wait
   */
  async send(tx: Queryable, mail: Mail, sender: string | null = null): Promise<void> {
    this.requireMail()
    if (await takeAllowance(tx, mail.kind, mail.to, sender)) await this.sendAdmitted(tx, mail)
  }

  /** The same for a message whose allowance was taken before. */
  async sendAdmitted(tx: Queryable, mail: Mail): Promise<void> {
    await this.#jobs.add(tx, 'mail', {
      sealed: seal(this.#sealingKey, CONTEXT, JSON.stringify(mail)).toString('base64'),
    })
  }
}

/**
 * Opens what `Mailer.send` put into the queue.
 * @param sealingKey 32 bytes
 */
export function unsealMail(sealingKey: Buffer, data: JobData): Mail {
  return JSON.parse(unseal(sealingKey, CONTEXT, Buffer.from(String(data.sealed), 'base64'))) as Mail
}
