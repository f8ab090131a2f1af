// Runs the tests of one lane: `node test/support/lanes.ts unit`. Further arguments are those of tap.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { LANES, type Lane, testsIn } from './lane.ts'

const [name = '', ...rest] = process.argv.slice(2)
const lane = LANES.find((each) => each === name)
if (lane === undefined) {
  console.error(`Name one of the lanes: ${LANES.join(', ')}`)
  process.exitCode = 2
} else {
  process.exitCode = await run(lane)
}

async function run(lane: Lane): Promise<number> {
  const env = { ...process.env, TEST_LANE: lane }
  const tap = spawn('tap', ['--disable-coverage', ...rest, ...testsIn(lane)], { stdio: 'inherit', env })
  const [code] = await once(tap, 'exit')
  return (code as number | null) ?? 1
}
