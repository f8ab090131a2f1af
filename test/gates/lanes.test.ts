import { readFileSync } from 'node:fs'
import t from 'tap'
import { allTests, LANES, laneOf, testsIn } from '../support/lane.ts'

t.test('each test file is in exactly one lane', async (t) => {
  const inLanes = LANES.flatMap((lane) => testsIn(lane))
  t.same(inLanes.sort(), allTests())
})

t.test('each lane has tests and a script', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  for (const lane of LANES) {
    t.ok(testsIn(lane).length > 0, lane)
    t.equal(scripts[`test:${lane}`], `node test/support/lanes.ts ${lane}`)
  }
})

t.test('what a file needs decides its lane', async (t) => {
  t.equal(laneOf('test/credentials/format.test.ts'), 'unit')
  t.equal(laneOf('test/routes/whoami.test.ts'), 'api')
  t.equal(laneOf('test/db/embedded-parts.test.ts'), 'process')
  t.equal(laneOf('test/wire/connections.test.ts'), 'process', 'a helper starts the process')
  t.equal(laneOf('test/browser/pages.test.ts'), 'browser')
})
