import type { Static } from 'typebox'
import { Errors } from 'typebox/value'
import { encryptionKeyOf } from '../config/encryption-key.ts'
import { connect, unhurried } from '../db/connect.ts'
import { JobQueue } from '../db/jobs.ts'
import { findOrganization } from '../db/queries/organizations.ts'
import { Tenancy } from '../db/tenant.ts'
import { LoginThrottle } from '../operations/authentication/throttle.ts'
import type { ReadOperation, WriteOperation } from '../operations/core/operation.ts'
import { operatorCaller } from '../operations/core/operator.ts'
import { Runner } from '../operations/core/runner.ts'
import type { Services } from '../operations/core/services.ts'
import { FileLinks } from '../operations/files/links.ts'
import { fileShower } from '../operations/files/present.ts'
import { openFileStore } from '../operations/files/store.ts'
import { Mailer } from '../operations/mail/mailer.ts'
import { Replica } from '../operations/revocation/replica.ts'
import { badRequest, notFound } from '../schemas/errors.ts'
import { type Operator, operate } from './operator.ts'

const PAGE = 100

function tell(error: unknown): void {
  process.stderr.write(`${String(error)}\n`)
}

const tellOf = (_fields: object, message: string) => tell(message)

/** Runs an operation for the organization, with all rights, and gives its output. */
export type RunOperation = <O extends ReadOperation | WriteOperation>(
  operation: O,
  input: Static<O['input']>,
) => Promise<Static<O['output']>>

/**
 * Does a command's work with what operations use of a server. A change holds in every instance before the command ends.
 */
export function operateServices<T>(work: (services: Services, operator: Operator) => Promise<T>): Promise<T> {
  return operate(async (operator) => {
    const { config, logins, auditKey } = operator
    // LISTEN needs a session, which a pooler in between may not give.
    const database = connect(logins.session, config.environment, { max: 4, ...unhurried })
    const tenancy = new Tenancy(logins.tenant, config.environment)
    const jobs = await JobQueue.open(logins.session, config.environment, false, tell)
    // It caches nothing. It is there to hear when the instances acknowledge a change.
    const changes = new Replica(database, config.environment, { invalidate() {}, clear() {} }, tell)
    const log = { error: tellOf, warn: tellOf }
    const files = await openFileStore(config, database, log)
    const encryptionKey = encryptionKeyOf(config)
    const publicUrl = () => config.publicUrl ?? `http://${config.host}:${config.port}`
    const services: Services = {
      config,
      database,
      tenancy,
      changes,
      encryptionKey,
      auditKey,
      jobs,
      mailer: new Mailer(jobs, encryptionKey, config),
      loginThrottle: new LoginThrottle(database),
      publicUrl,
      files,
      showFile: fileShower(new FileLinks(encryptionKey, config.environment.name), publicUrl),
      accessLog: { flush: async () => {} },
      log,
    }
    try {
      await tenancy.open()
      await changes.start()
      return await work(services, operator)
    } finally {
      await changes.stop()
      files.storage.close()
      await jobs.close(0)
      await Promise.all([tenancy.close(), database.end({ timeout: 1 })])
    }
  })
}

/**
 * Does a command's work in one organization, through the operations that the API runs too. The audit log names the
 * operator, and webhooks hear of it.
 * @param findId finds the id of the organization
 * @throws ApiError 404 where there is no such organization
 */
export function operateOrganization<T>(
  findId: (operator: Operator) => Promise<string>,
  work: (run: RunOperation, services: Services) => Promise<T>,
): Promise<T> {
  return operateServices(async (services, operator) => {
    const [organization] = await findOrganization(services.database, await findId(operator))
    if (!organization) throw notFound('Organization')
    const runner = new Runner(services)
    const run: RunOperation = async (operation, input) => {
      const [wrong] = Errors(operation.input, input)
      if (wrong) throw badRequest(wrong.instancePath.slice(1).replaceAll('/', '.'), wrong.message)
      const { output } = await runner.run(operation, operatorCaller(organization), input)
      return output as never
    }
    return work(run, services)
  })
}

/** Reads every page of a list. */
export async function everyPage<P extends { readonly nextCursor: string | null }>(
  read: (place: { limit: number; cursor?: string }) => Promise<P>,
): Promise<P[]> {
  const pages = [await read({ limit: PAGE })]
  for (let next = pages[0]?.nextCursor; next; next = pages.at(-1)?.nextCursor) {
    pages.push(await read({ limit: PAGE, cursor: next }))
  }
  return pages
}
