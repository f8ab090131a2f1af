import { execFileSync } from 'node:child_process'
import { keyAndUser, startAnteroom } from '../harness/anteroom.ts'
import { spreadOf } from '../harness/stats.ts'
import type { Row } from './row.ts'

const TARGET_MB = 200
/** Growth from the second to the last reading that still counts as flat: the garbage collector's own breath. */
const FLAT_MB = 15
const STEPS = [50_000, 100_000, 150_000, 200_000]
const KIB_PER_MB = 1000 / 1.024

/** Resident memory of a server of its own after many requests, each twentieth a list of campaigns. */
export const memory: Row = {
  name: 'memory',
  title: 'resident memory after 100,000 requests, and flat to 200,000',
  target: `< ${TARGET_MB} MB, growth < ${FLAT_MB} MB`,
  async measure(stage) {
    const server = await startAnteroom({ DATABASE_URL: stage.databaseUrl, DATA_DIR: await stage.newFolder() })
    try {
      const readings: number[] = []
      for (const [step, total] of STEPS.entries()) {
        await stage.generator.run({
          url: server.url,
          paths: [...Array.from({ length: 19 }, () => '/api/whoami'), '/api/campaigns'],
          headers: [keyAndUser(stage.tenant)],
          connections: 32,
          until: { requests: total - (STEPS[step - 1] ?? 0) },
        })
        readings.push(residentMb(server.pid))
      }
      const [, after100k = 0, , after200k = 0] = readings
      return {
        value: spreadOf(readings.slice(1)),
        unit: 'MB',
        holds: after100k < TARGET_MB && after200k < TARGET_MB && after200k - after100k < FLAT_MB,
        note: STEPS.map((total, step) => `${total / 1000}k: ${Math.round(readings[step] ?? 0)} MB`).join(
          ', ',
        ),
        details: { requests: STEPS, megabytes: readings },
      }
    } finally {
      await server.stop()
    }
  },
}

function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / KIB_PER_MB
}
