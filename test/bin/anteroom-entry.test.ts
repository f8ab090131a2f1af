import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'

/** Makes a Node that runs TypeScript take itself for one that does not. */
const asNode20 = [
  '--import',
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.0'}})`,
]

const command = `const words: string[] = process.argv.slice(2)
process.on('SIGTERM', () => process.exit(9))
console.log(JSON.stringify({ words, main: process.argv[1]?.endsWith('anteroom.ts'), node: process.versions.node }))
if (words[0] === 'wait') setInterval(() => {}, 1000)
else process.exitCode = 3
`

/** A copy of the entry beside a command of the test's own; `installed` puts the pinned Node where npm does. */
function checkout(t: Test, { installed }: { installed: boolean }) {
  const root = t.testdir({ bin: { 'anteroom.ts': command }, 'package.json': '{"type":"module"}' })
  const entry = path.join(root, 'bin', 'anteroom.js')
  for (const name of ['anteroom.js', 'preload.js']) cpSync(`bin/${name}`, path.join(root, 'bin', name))
  if (installed) {
    const pinned = path.join(root, 'node_modules', '.bin', 'node')
    mkdirSync(path.dirname(pinned), { recursive: true })
    writeFileSync(pinned, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`)
    chmodSync(pinned, 0o755)
  }
  return entry
}

function outcome({ status, stdout }: SpawnSyncReturns<string>) {
  return { status, ...JSON.parse(stdout) }
}

t.test('on a Node that runs TypeScript the command runs in the same process', async (t) => {
  const ran = spawnSync(process.execPath, [checkout(t, { installed: false }), 'keys', '--json'], {
    encoding: 'utf8',
  })
  t.same(outcome(ran), { status: 3, words: ['keys', '--json'], main: true, node: process.versions.node })
})

t.test('on an older one the pinned Node takes over, arguments, exit code and signals included', async (t) => {
  const entry = checkout(t, { installed: true })
  const ran = spawnSync(process.execPath, [...asNode20, entry, 'keys', '--json'], { encoding: 'utf8' })
  t.same(outcome(ran), { status: 3, words: ['keys', '--json'], main: true, node: process.versions.node })

  const waiting = spawn(process.execPath, [...asNode20, entry, 'wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(waiting.stdout, 'data')
  waiting.kill('SIGTERM')
  t.same(await once(waiting, 'exit'), [9, null])
})

t.test('without one it says what to do', async (t) => {
  const entry = checkout(t, { installed: false })
  const { status, stderr } = spawnSync(process.execPath, [...asNode20, entry], { encoding: 'utf8' })
  t.equal(status, 1)
  t.match(stderr, /needs Node 22\.18 or newer.*npm ci/)
})
