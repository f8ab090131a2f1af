import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { JobQueue } from '../db/jobs.ts'
import type { DatabaseLogins } from '../db/logins.ts'
import { Mailer } from '../operations/mail/mailer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where work is put that a request does not wait for; `jobs/worker.ts` takes it out. */
    jobs: JobQueue
    /** Sends e-mail once a transaction has committed. */
    mailer: Mailer
  }
}

export default fp<{ logins: DatabaseLogins }>(
  async (app: FastifyInstance, { logins }) => {
    const { config, connects } = app
    const jobs = JobQueue.prepare(logins.session, config.environment, false, (error) =>
      app.log.error({ err: error }, 'job queue'),
    )
    app.decorate('jobs', jobs)
    app.decorate('mailer', new Mailer(jobs, app.encryptionKey, config))
    if (connects) {
      await jobs.boss.start()
      app.addHook('onClose', () => jobs.close(0))
    }
  },
  { name: 'mail', dependencies: ['database', 'encryption-key'] },
)
