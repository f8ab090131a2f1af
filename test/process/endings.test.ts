import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inspectProcess } from '../../db/embedded/processes.ts'
import { freshFolder, gone, postmasterOf } from '../db/embedded-harness.ts'
import { layOutCheckout, type Typed, type as typeCommand } from '../support/checkout.ts'
import { until } from '../support/until.ts'

// However a command ends, neither a server nor its PostgreSQL stays behind. Only SIGKILL of the server itself leaves
// PostgreSQL, which the next start takes over.

/** A checkout, and the folder of its embedded PostgreSQL. */
async function checkout(t: Test): Promise<{ folder: string; data: string }> {
  const folder = layOutCheckout(await freshFolder(t))
  return { folder, data: join(folder, '.data') }
}

const ready = /Base URL +(\S+)\/api/

async function isGone(t: Test, typed: Typed, postmaster: number): Promise<void> {
  await typed.allGone()
  await gone([postmaster])
  t.pass('no process is left')
}

const endings: [string, string[], (typed: Typed) => void][] = [
  ['SIGTERM to npm start', ['npm', 'start'], ({ process }) => process.kill('SIGTERM')],
  ['SIGKILL of npm start', ['npm', 'start'], ({ process }) => process.kill('SIGKILL')],
  [
    // Everyone in the group gets it, and npm hands it on besides.
    'Ctrl-C in npm start, twice',
    ['npm', 'start'],
    ({ signalAll }) => {
      signalAll('SIGINT')
      signalAll('SIGINT')
    },
  ],
  ['a closed terminal', ['npm', 'start'], ({ signalAll }) => signalAll('SIGHUP')],
  ['Ctrl-C in npm run dev', ['npm', 'run', 'dev'], ({ signalAll }) => signalAll('SIGINT')],
  ['SIGTERM to npm run dev', ['npm', 'run', 'dev'], ({ process }) => process.kill('SIGTERM')],
]

for (const [name, command, end] of endings)
  t.test(name, async (t) => {
    const { folder, data } = await checkout(t)
    const typed = typeCommand(t, folder, command)
    await typed.wrote(ready)
    const postmaster = postmasterOf(data)
    end(typed)
    await isGone(t, typed, postmaster)
  })

t.test('SIGTERM to npm run dev before anything listens', async (t) => {
  const { folder, data } = await checkout(t)
  const typed = typeCommand(t, folder, ['npm', 'run', 'dev'])
  const { pid } = typed.process
  // The first moment at which `node --watch` would be left alone.
  await until(() => {
    const processes = execFileSync('ps', ['-A', '-ww', '-o', 'pgid=,args='], { encoding: 'utf8' }).split('\n')
    return processes.some((line) => RegExp(`^ *${pid} (?!sh ).*node .*--watch`).test(line))
  }, '`node --watch` to start')
  typed.process.kill('SIGTERM')
  await typed.allGone()
  t.notOk(isRunning(data), 'no PostgreSQL is left')
})

t.test('SIGTERM to npm start while it installs', async (t) => {
  const { folder } = await checkout(t)
  // The installation is a program that does not end by itself.
  writeFileSync(join(folder, 'package-lock.json.new'), JSON.stringify({ packages: { '': {}, new: {} } }))
  renameSync(join(folder, 'package-lock.json.new'), join(folder, 'package-lock.json'))
  mkdirSync(join(folder, 'programs'))
  writeFileSync(join(folder, 'programs/npm'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
  const ensure = `PATH=${join(folder, 'programs')}:$PATH node bin/ensure-installed.js`
  const typed = typeCommand(t, folder, ['/bin/sh', '-c', `${ensure}; true`])
  await typed.wrote(/Installing the dependencies/)
  typed.process.kill('SIGTERM')
  await typed.allGone()
  t.pass('no installation goes on')
})

t.test('a command line that brought PostgreSQL along takes it away again', async (t) => {
  const { folder, data } = await checkout(t)
  t.equal(await typeCommand(t, folder, ['npx', 'anteroom', 'migrate']).ended, 0)
  t.notOk(isRunning(data), 'a command that ends by itself leaves none')
  const worker = typeCommand(t, folder, ['npx', 'anteroom', 'worker'])
  await worker.wrote(/at work/)
  const first = postmasterOf(data)
  worker.process.kill('SIGTERM')
  await isGone(t, worker, first)

  const list = typeCommand(t, folder, ['npx', 'anteroom', 'organizations', 'list'])
  await until(() => isRunning(data), 'PostgreSQL to start')
  const second = postmasterOf(data)
  list.signalAll('SIGINT')
  await isGone(t, list, second)
})

function isRunning(data: string): boolean {
  try {
    return postmasterOf(data) > 0
  } catch {
    return false
  }
}

t.test('a start after kill -9 of everything takes over what was left', async (t) => {
  const { folder, data } = await checkout(t)
  const killed = typeCommand(t, folder, ['npm', 'start'])
  await killed.wrote(ready)
  const left = postmasterOf(data)
  killed.signalAll('SIGKILL')
  await killed.allGone()
  t.ok(await inspectProcess(left), 'PostgreSQL is a group of its own, and was left')

  const next = typeCommand(t, folder, ['npm', 'start'])
  const [, base] = await next.wrote(ready)
  t.equal((await fetch(`${base}/readyz`)).status, 200)
  t.equal(postmasterOf(data), left, 'it was adopted')
  next.process.kill('SIGTERM')
  await isGone(t, next, left)
})

t.test('a start while the one before still ends waits for it', async (t) => {
  const { folder, data } = await checkout(t)
  const first = typeCommand(t, folder, ['npm', 'start'])
  await first.wrote(ready)
  first.process.kill('SIGKILL')
  const second = typeCommand(t, folder, ['npm', 'start'])
  await second.wrote(ready)
  await first.allGone()
  const postmaster = postmasterOf(data)
  second.signalAll('SIGTERM')
  await isGone(t, second, postmaster)
})
