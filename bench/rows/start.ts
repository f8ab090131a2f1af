import { startAnteroom } from '../harness/anteroom.ts'
import { spreadOf } from '../harness/stats.ts'
import type { Row } from './row.ts'

const TARGET_SECONDS = 3
const STARTS = 5

/** From the command to the first answer of /readyz, embedded PostgreSQL and check for migrations included. */
export const start: Row = {
  name: 'start',
  title: 'start to first answer of /readyz, embedded PostgreSQL on an existing data folder',
  target: `< ${TARGET_SECONDS} s`,
  async measure(stage) {
    const DATA_DIR = await stage.newFolder()
    const first = await startAnteroom({ DATA_DIR })
    await first.stop()
    const seconds: number[] = []
    for (let count = 0; count < STARTS; count++) {
      const server = await startAnteroom({ DATA_DIR })
      seconds.push(server.startedInMs / 1000)
      await server.stop()
    }
    const value = spreadOf(seconds)
    return {
      value,
      unit: 's',
      holds: value.median < TARGET_SECONDS,
      note: `${STARTS} starts; the very first, with initdb and all migrations, ${(first.startedInMs / 1000).toFixed(2)} s`,
      details: { seconds, firstSeconds: first.startedInMs / 1000 },
    }
  },
}
