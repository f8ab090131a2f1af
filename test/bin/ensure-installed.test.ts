import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'

const script = path.resolve('bin/ensure-installed.js')

const locked = {
  '': { name: 'some-project' },
  'node_modules/node': { version: '24.0.0', integrity: 'sha512-aaaa' },
  'node_modules/native-linux': { version: '1.0.0', integrity: 'sha512-bbbb', optional: true },
  'node_modules/native-darwin': { version: '1.0.0', integrity: 'sha512-cccc', optional: true },
}

/** What a finished installation on Linux leaves behind: no root entry, no package for another platform. */
const { '': _root, 'node_modules/native-darwin': _otherPlatform, ...installed } = locked

/** Stands in for npm: keeps a record of how it was called, and installs or fails as told. */
const fakeNpm = `
import fs from 'node:fs'
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n')
if (process.env.FAKE_NPM === 'fails') {
  console.error('npm error network is down')
  process.exit(7)
}
fs.mkdirSync('node_modules/.bin', { recursive: true })
fs.writeFileSync('node_modules/.package-lock.json', fs.readFileSync('installed.json'))
if (process.env.FAKE_NPM !== 'no scripts') fs.writeFileSync('node_modules/.bin/node', '')
`

function project(t: Test) {
  const root = t.testdir({
    'package-lock.json': JSON.stringify({ packages: locked }),
    'installed.json': JSON.stringify({ packages: installed }),
    'npm-cli.js': fakeNpm,
  })
  const inRoot = (name: string) => path.join(root, name)
  return {
    run(behaviour = 'installs') {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, npm_execpath: inRoot('npm-cli.js'), FAKE_NPM: behaviour },
      })
      return { status, stdout, stderr }
    },
    calls: () =>
      existsSync(inRoot('npm-calls')) ? readFileSync(inRoot('npm-calls'), 'utf8').split('\n').length - 1 : 0,
    install() {
      mkdirSync(inRoot('node_modules/.bin'), { recursive: true })
      writeFileSync(inRoot('node_modules/.bin/node'), '')
      writeFileSync(inRoot('node_modules/.package-lock.json'), JSON.stringify({ packages: installed }))
    },
    remove: (name: string) => rmSync(inRoot(name), { recursive: true }),
    lock: (packages: object) => writeFileSync(inRoot('package-lock.json'), JSON.stringify({ packages })),
  }
}

t.test('a fresh clone is installed once, with one line', async (t) => {
  const p = project(t)
  const first = p.run()
  t.equal(first.status, 0)
  t.match(first.stdout, /^Installing the dependencies \(npm ci\), since node_modules is missing[^\n]*\n$/)
  t.same(p.run(), { status: 0, stdout: '', stderr: '' })
  t.equal(p.calls(), 1)
})

t.test('what is installed already is left alone, packages for other platforms included', async (t) => {
  const p = project(t)
  p.install()
  t.same(p.run(), { status: 0, stdout: '', stderr: '' })
  t.equal(p.calls(), 0)
})

t.test('a lock file that asks for something else is followed', async (t) => {
  const changes = {
    'another version': { ...locked, 'node_modules/node': { version: '24.0.1', integrity: 'sha512-dddd' } },
    'another content': { ...locked, 'node_modules/node': { version: '24.0.0', integrity: 'sha512-dddd' } },
    'one package more': { ...locked, 'node_modules/new': { version: '1.0.0' } },
    'one package less': { '': {}, 'node_modules/node': locked['node_modules/node'] },
  }
  for (const [name, packages] of Object.entries(changes)) {
    const p = project(t)
    p.install()
    p.lock(packages)
    t.match(p.run(), { status: 0, stdout: 'package-lock.json has changed' }, name)
    t.equal(p.calls(), 1, name)
  }
})

t.test('an installation that broke off, or lost the pinned Node, is repeated', async (t) => {
  for (const name of ['node_modules/.package-lock.json', 'node_modules/.bin/node']) {
    const p = project(t)
    p.install()
    p.remove(name)
    t.match(p.run(), { status: 0, stdout: 'Installing' }, name)
  }
})

t.test('a failure is told, with what npm said', async (t) => {
  const failed = project(t).run('fails')
  t.equal(failed.status, 1)
  t.match(failed.stderr, 'npm error network is down')
  t.match(failed.stderr, 'npm ci failed (exit code 7)')

  const withoutScripts = project(t).run('no scripts')
  t.equal(withoutScripts.status, 1)
  t.match(withoutScripts.stderr, 'npm ci did not install the pinned Node')

  const withoutLock = project(t)
  withoutLock.remove('package-lock.json')
  t.match(withoutLock.run(), { status: 1, stderr: 'package-lock.json is missing or not readable' })
})

t.test('what browsers run is built by the pinned Node, and a failure stops the start', async (t) => {
  const p = project(t)
  p.install()
  mkdirSync(path.join(t.testdirName, 'web'))
  writeFileSync(path.join(t.testdirName, 'web/build.ts'), '')
  const pinned = path.join(t.testdirName, 'node_modules/.bin/node')
  writeFileSync(pinned, '#!/bin/sh\necho "built by $1"\n', { mode: 0o755 })
  chmodSync(pinned, 0o755)
  const good = p.run()
  t.equal(good.status, 0)
  t.match(good.stdout, /built by .*web.build\.ts/)
  writeFileSync(pinned, '#!/bin/sh\nexit 3\n')
  const bad = p.run()
  t.equal(bad.status, 1)
  t.match(bad.stderr, 'could not be built')
})
