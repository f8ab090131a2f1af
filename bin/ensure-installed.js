// Runs before `npm start` and `npm test`, so that both work on a fresh clone: installs and builds what is not there yet.
// Plain JavaScript without dependencies: it has to run on whatever Node (20 or newer) started npm.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

// npm hands a signal on to its shell, which ends alone.
const parent = process.ppid
// npm runs a script in the folder of its package.json
const root = process.cwd()
const pinnedNode = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

function readLock(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * Tells why node_modules does not hold what package-lock.json asks for, or undefined when it does.
 * npm writes node_modules/.package-lock.json as the last step of an installation, so a broken-off one has none.
 * Contents are compared, not times: a checkout touches the lock file without changing it, and the reverse.
 */
function reasonToInstall() {
  const wanted = readLock('package-lock.json')
  if (wanted === undefined) throw new Error('package-lock.json is missing or not readable')
  const installed = readLock('node_modules/.package-lock.json')
  if (installed === undefined) return 'node_modules is missing or incomplete'
  if (!existsSync(pinnedNode)) return 'the pinned Node is missing'
  for (const [name, entry] of Object.entries(wanted)) {
    if (name === '') continue
    const there = installed[name]
    // an optional package may be for another platform, and then rightly is not there
    if (
      there === undefined
        ? !entry.optional
        : there.version !== entry.version || there.integrity !== entry.integrity
    )
      return 'package-lock.json has changed'
  }
  const stale = Object.keys(installed).some((name) => wanted[name] === undefined)
  return stale ? 'package-lock.json has changed' : undefined
}

/** Runs a program to its end. It ends with this process, and with whoever started that. */
function run(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, ...options })
    const end = () => {
      child.kill()
      process.exit(1)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, end)
    const timer = setInterval(() => process.ppid === parent || end(), 100)
    const finish = (result) => {
      clearInterval(timer)
      for (const signal of signals) process.off(signal, end)
      resolve(result)
    }
    child.once('error', (error) => finish({ error }))
    child.once('exit', (status, signal) => finish({ status, signal }))
  })
}

/** Installs with the npm that called us where there is one. */
function install() {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']
  const options = { stdio: ['ignore', 'ignore', 'inherit'] }
  const npm = process.env.npm_execpath
  return npm !== undefined && path.basename(npm) === 'npm-cli.js'
    ? run(process.execPath, [npm, ...args], options)
    : run('npm', args, { ...options, shell: process.platform === 'win32' })
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

if (Number.parseInt(process.versions.node, 10) < 20)
  fail(`Anteroom needs Node 20 or newer to install itself; this is ${process.version}.`)

const reason = reasonToInstall()
if (reason !== undefined) {
  console.log(`Installing the dependencies (npm ci), since ${reason}. This takes a minute or two.`)
  const { error, status, signal } = await install()
  if (error !== undefined) fail(`npm could not be run: ${error.message}. Install npm, then try again.`)
  if (status !== 0)
    fail(
      `npm ci failed (${signal ?? `exit code ${status}`}); its own message is above. Try again, or run: npm ci`,
    )
  if (!existsSync(pinnedNode))
    fail(
      'npm ci did not install the pinned Node. Are install scripts turned off? Try: npm ci --ignore-scripts=false',
    )
}

// Under the pinned Node, as an older one does not run TypeScript.
const builder = path.join(root, 'web', 'build.ts')
if (existsSync(builder)) {
  const { error, status } = await run(pinnedNode, [builder], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error !== undefined || status !== 0) fail('The dashboard could not be built; what went wrong is above.')
}

// Compiles the server ahead (see preload.js), so that its first start is as quick and small as every later one.
const manifest = path.join(root, 'package.json')
if (reason !== undefined && existsSync(manifest)) {
  const [, ...options] = JSON.parse(readFileSync(manifest, 'utf8')).scripts.start.split(' ')
  const script = options.pop()
  await run(pinnedNode, [...options, '--eval', `import('./${script}').then(() => process.exit())`], {
    stdio: 'ignore',
    shell: process.platform === 'win32',
  })
}
