import type { Command } from 'commander'
import { readConfig } from '../../config/config.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { databaseLogins } from '../../db/logins.ts'
import { toldToEnd } from '../../lifecycle/ending.ts'
import { type Finding, runChecks } from '../doctor/check.ts'
import { report, withJson } from '../operator.ts'

const MARKS = { ok: 'ok     ', warning: 'WARNING', failed: 'FAILED ' } as const

/** `anteroom doctor` */
export function doctorCommand(program: Command): void {
  withJson(
    program
      .command('doctor')
      .description(
        'check the configuration and a running system, and say what to do; exit code 1 where something fails',
      ),
  ).action(async (options: { json?: boolean }) => {
    const config = readConfig()
    const ending = toldToEnd()
    const embedded = config.databaseUrl
      ? null
      : await startEmbedded({ dataDir: config.dataDir, shared: true })
    try {
      const brokenOff = ending.cause.then((cause) => {
        throw cause.kind === 'error' ? cause.error : new Error('Broken off.')
      })
      const logins = databaseLogins(config, config.databaseUrl ?? (embedded?.url as string))
      // Loaded here, as no other command needs what they bring along.
      const { databaseChecks } = await import('../doctor/database.ts')
      const { surroundingChecks } = await import('../doctor/surroundings.ts')
      const { workChecks } = await import('../doctor/work.ts')
      const checks = [
        ...databaseChecks(config, logins),
        ...surroundingChecks(config),
        ...workChecks(config, logins),
      ]
      const findings = await Promise.race([runChecks(checks), brokenOff])
      const isHealthy = findings.every(({ status }) => status !== 'failed')
      report(options, { environment: config.environment.name, healthy: isHealthy, checks: findings }, [
        ...findings.flatMap(linesOf),
      ])
      if (!isHealthy) process.exitCode = 1
    } finally {
      if (embedded && !embedded.adopted) await embedded.stop()
    }
  })
}

function linesOf({ name, status, found, toDo }: Finding): string[] {
  return [`${MARKS[status]} ${name}: ${found}`, ...(toDo === null ? [] : [`        → ${toDo}`])]
}
