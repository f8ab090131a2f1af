import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { canReach } from '../../db/embedded/account.ts'
import { environmentOf, service } from './compose-file.ts'
import { buildImage, type Image } from './dockerfile.ts'

/** A process that runs what a container of docker-compose.yml would run. */
export interface Container {
  readonly process: ChildProcess
  /** What it wrote so far, to both streams. */
  output(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** What is different on this machine, where every container listens on loopback. */
interface Changes {
  environment?: Record<string, string>
  /** Files and folders by where they are mounted. */
  mounts?: Record<string, string>
  /** In place of the command's own program. */
  program?: string
  /** After the command's own. */
  args?: string[]
}

const isRoot = process.geteuid?.() === 0
const root = await makeRoot()
t.teardown(() => removeRoot())

/** What the Dockerfile builds. */
export const image: Image = buildImage(path.join(root, 'build'))

/** Where a named volume is kept. A new one takes the owner of the image's folder that it is first mounted on. */
export function volume(name: string, mountedOn = '/'): string {
  const folder = path.join(root, 'volumes', name)
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true })
    const like = image.place(mountedOn)
    const { uid, gid } = existsSync(like) ? statSync(like) : { uid: 0, gid: 0 }
    if (isRoot) chownSync(folder, uid, gid)
  }
  return folder
}

/** Keeps a changed copy of a file of the repository that a service mounts, and returns where. */
export function changedFile(name: string, content: string): string {
  const file = path.join(root, name)
  writeFileSync(file, content, { mode: 0o644 })
  return file
}

/**
 * Starts a service as docker-compose.yml declares it: its command, environment, user, volumes and image's files, and
 * no home folder.
 */
export function startService(name: string, changes: Changes = {}): Container {
  const { options, here } = declared(name, changes)
  const [program = '', ...args] = (service(name).command ?? image.command).map(here)
  return start(changes.program ?? program, [...args, ...(changes.args ?? [])], options)
}

/** Runs a one-shot service to its end; rejects when it fails. */
export async function runService(name: string): Promise<string> {
  return finish(startService(name))
}

/** Runs a command in a service's container, as `docker compose exec` does; rejects when it fails. */
export async function exec(name: string, command: string[]): Promise<string> {
  const { options, here } = declared(name, {})
  const [program = '', ...args] = command.map(here)
  return finish(start(program, args, options))
}

/** Runs a service's health check once; rejects when it is unhealthy. */
export async function checkHealth(name: string, change: (text: string) => string = (text) => text) {
  const [kind, ...command] = service(name).healthcheck?.test ?? []
  if (kind !== 'CMD') throw new Error(`this test cannot run the health check of ${name}`)
  await exec(name, command.map(change))
}

/** Asks again until there is an answer, or the process that should give it has ended. */
export async function untilThere<T>(look: () => Promise<T | undefined> | T | undefined, of: Container) {
  while (of.process.exitCode === null && of.process.signalCode === null) {
    const found = await look()
    if (found) return found
    await delay(50)
  }
  throw new Error(`the process ended with ${await of.ended}: ${of.output()}`)
}

function declared(name: string, changes: Changes) {
  const { image: used, user = '', volumes = [] } = service(name)
  const isOurs = used === service('setup').image
  const mounts: Record<string, string> = { '/tmp': volume(`tmp-of-${name}`, '/tmp') }
  chmodSync(volume(`tmp-of-${name}`), 0o1777)
  for (const mount of volumes) {
    const [source = '', target = ''] = mount.split(':')
    if (!source.startsWith('.')) mounts[target] = volume(source, target)
  }
  Object.assign(mounts, foldersAbove(name, mounts), changes.mounts)
  const targets = Object.keys(mounts).sort((a, b) => b.length - a.length)
  const asPath = new RegExp(`(?<![\\w/.])(${targets.join('|')})(?![\\w-])`, 'g')
  const here = (text: string) => text.replaceAll(asPath, (target) => mounts[target] ?? target)

  const environment = { ...(isOurs ? image.environment : {}), ...environmentOf(name), ...changes.environment }
  const [uid, gid] = user.split(':').map(Number)
  return {
    here,
    options: {
      cwd: isOurs ? image.place(image.workdir) : root,
      env: {
        PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
        TMPDIR: here('/tmp'),
        ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, here(value)])),
      },
      ...(isRoot && uid !== undefined && gid !== undefined ? { uid, gid } : {}),
    },
  }
}

/** A folder that holds mounts, such as /volumes of `setup`: links to them. */
function foldersAbove(name: string, mounts: Record<string, string>): Record<string, string> {
  const above: Record<string, string> = {}
  for (const [target, folder] of Object.entries(mounts)) {
    const parent = path.dirname(target)
    if (parent === '/') continue
    above[parent] = path.join(root, `mounts-of-${name}`, parent)
    mkdirSync(above[parent], { recursive: true })
    rmSync(path.join(above[parent], path.basename(target)), { force: true })
    symlinkSync(folder, path.join(above[parent], path.basename(target)))
  }
  return above
}

function start(program: string, args: string[], options: ReturnType<typeof declared>['options']): Container {
  // `env -i`: tap's own variables would have the process write where its user may not.
  const variables = Object.entries(options.env).map(([name, value]) => `${name}=${value}`)
  const command = ['-i', ...variables, program, ...args]
  const child = spawn('/usr/bin/env', command, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { process: child, output: () => output, ended }
}

async function finish(container: Container): Promise<string> {
  const code = await container.ended
  if (code !== 0) throw new Error(`it ended with ${code}: ${container.output()}`)
  return container.output()
}

/** A folder that the containers' user reaches; beside the repository's packages where possible, as those are linked. */
async function makeRoot(): Promise<string> {
  const account = isRoot ? { name: 'node', uid: 1000, gid: 1000 } : null
  mkdirSync('.data', { recursive: true })
  const near = path.resolve('.data')
  const made = mkdtempSync(path.join((await canReach(near, account)) ? near : tmpdir(), 'containers-'))
  chmodSync(made, 0o755)
  return made
}

function removeRoot(): void {
  // Where the test does not run as root, the image's folders were protected from itself.
  if (!isRoot) for (const folder of globSync('**/', { cwd: root })) chmodSync(path.join(root, folder), 0o755)
  rmSync(root, { recursive: true, force: true })
}
