import type { Environment } from '../../config/environment.ts'
import type { Database } from '../../db/connect.ts'

/** How a part of the service is. */
export type Health = 'operational' | 'down'

/** What the status page tells: nothing that an attacker could not see from outside. */
export interface Status {
  readonly status: Health
  readonly environment: Environment['name']
  readonly version: string
  readonly checkedAt: Date
  readonly components: { readonly name: string; readonly status: Health; readonly note: string }[]
}

const SLOW_MS = 2000

/** Looks at each part once. A database that does not answer within two seconds is down. */
export async function readStatus(
  database: Database,
  facts: { environment: Environment['name']; version: string; mayAnswerFromMemory: boolean },
): Promise<Status> {
  const asked = performance.now()
  const answers = await Promise.race([
    database`select 1`.then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), SLOW_MS).unref()),
  ])
  const milliseconds = Math.round(performance.now() - asked)
  const components = [
    { name: 'API', status: 'operational', note: 'This page was served by it' },
    {
      name: 'Database',
      status: answers ? 'operational' : 'down',
      note: answers ? `Answered in ${milliseconds} ms` : 'Does not answer',
    },
    {
      name: 'Revocation',
      status: answers ? 'operational' : 'down',
      note: facts.mayAnswerFromMemory
        ? 'Changes are heard at once'
        : 'Every request asks the database: slower, and never less strict',
    },
  ] satisfies Status['components']
  return {
    status: answers ? 'operational' : 'down',
    environment: facts.environment,
    version: facts.version,
    checkedAt: new Date(),
    components,
  }
}
