import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { environmentOf } from '../../config/environment.ts'
import { startEmbedded } from '../../db/embedded/launcher.ts'
import { migrate } from '../../db/migrate.ts'
import { type TestApp, testApp } from './app.ts'
import { createTestDatabase, testLogins } from './database.ts'
import { startProxy, through } from './proxy.ts'

/** A server whose database can fall silent: connections stay open, and nothing comes over them. */
export interface SilentScene {
  readonly server: TestApp
  silence(): void
  endSilence(): void
}

/** Packets are dropped somewhere on the way. */
async function behindProxy(t: Test): Promise<SilentScene> {
  const database = await createTestDatabase()
  t.teardown(() => database.drop())
  const { hostname: host, port } = new URL(database.url)
  const proxy = await startProxy(t, { host, port: Number(port) })
  const owner = through(database.logins.owner, proxy)
  const server = await testApp(t, {}, { databaseUrl: database.url, logins: { ...database.logins, owner } })
  return { server, silence: () => proxy.freeze(), endSilence: () => proxy.thaw() }
}

/** PostgreSQL is stopped, with every process that works for it. */
async function onStoppedServer(t: Test): Promise<SilentScene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'anteroom-stopped-'))
  const database = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
  const postmaster = Number(
    readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0],
  )
  let stopped: number[] = []
  const endSilence = () => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
    stopped = []
  }
  t.teardown(async () => {
    endSilence()
    await database.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  const logins = testLogins(database.url)
  await migrate(logins, environmentOf('sandbox'))
  const server = await testApp(t, {}, { databaseUrl: database.superuserUrl, logins })
  const silence = () => {
    stopped = [postmaster, ...childrenOf(postmaster)]
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  }
  return { server, silence, endSilence }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [, ppid] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
        return Number(ppid) === parent
      } catch {
        return false
      }
    })
    .map(Number)
}

/** The ways in which a database falls silent. */
export const silentScenes = [
  ['packets are dropped', behindProxy],
  ['PostgreSQL stands still', onStoppedServer],
] as const
