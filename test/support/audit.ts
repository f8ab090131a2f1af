import { execFile } from 'node:child_process'
import postgres from 'postgres'
import type { Test } from 'tap'
import { type Anchoring, makeAnchor } from '../../operations/audit/anchors/make.ts'
import { AnchorStore } from '../../operations/audit/anchors/store.ts'
import type { ChainHead } from '../../operations/audit/chain.ts'
import { type ExportLine, exportAudit } from '../../operations/audit/export.ts'
import { type Verification, verifyDatabase } from '../../operations/audit/verify.ts'
import { type FileStorage, openStorage } from '../../operations/files/storage.ts'
import { type Tenant, type TestApp, testApp } from './app.ts'
import { TEST_KEY } from './database.ts'

/** A tenant with a handful of audit records, and whoever holds the disk. */
export interface Audited extends Tenant {
  readonly server: TestApp
  readonly anchoring: Anchoring
  readonly storage: FileStorage
  /** The superuser, who gets past grants and, as a replica, past triggers. */
  readonly disk: postgres.Sql
  verify(exported?: ReadonlyMap<string, ChainHead>): Promise<Verification>
  /** The sentences of all problems, in one text. */
  problems(): Promise<string>
  exported(): Promise<ExportLine[]>
  anchor(): ReturnType<typeof makeAnchor>
  /** Runs `anteroom` with those words, configured as the server is. */
  cli(...words: string[]): Promise<{ code: number; out: string; error: string }>
  /** Writes a record of the tenant. */
  record(name: string): Promise<void>
}

/** Makes a tenant with six records. */
export async function audited(t: Test): Promise<Audited> {
  const server = await testApp(t)
  const { app, call } = server
  const owner = await server.tenant()
  const record = async (name: string) => {
    await call('PATCH', `/api/keys/${owner.keyId}`, { headers: owner.auth, body: { name } })
  }
  for (let number = 0; number < 4; number += 1) await record(`Name ${number}`)
  const disk = postgres(server.databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { search_path: 'sandbox', session_replication_role: 'replica' },
  })
  t.teardown(() => disk.end())
  const storage = await openStorage(app.config.storage)
  const store = new AnchorStore(storage, app.config.environment)
  const anchoring: Anchoring = { database: app.database, key: app.auditKey, store }
  const verify: Audited['verify'] = (exported) =>
    verifyDatabase({ ...anchoring, anchors: store }, null, exported)
  return {
    ...owner,
    server,
    anchoring,
    storage,
    disk,
    record,
    cli: (...words) => runCli(server, words),
    verify,
    problems: async () => (await verify()).problems.map(({ problem }) => problem).join('\n'),
    anchor: () => makeAnchor(anchoring),
    exported: async () => {
      const lines: ExportLine[] = []
      await exportAudit(app.database, null, (line) => lines.push(line))
      return lines
    },
  }
}

function runCli({ app, databaseUrl }: TestApp, words: readonly string[]): ReturnType<Audited['cli']> {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: databaseUrl,
    DATA_DIR: app.config.dataDir,
    ENCRYPTION_KEY: TEST_KEY,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['bin/anteroom.ts', ...words], { env }, (error, out, problem) =>
      resolve({ code: error ? Number(error.code) : 0, out, error: problem }),
    )
  })
}

/** Lines as a file holds them. */
export async function* written(lines: readonly unknown[]): AsyncGenerator<string> {
  for (const line of lines) yield JSON.stringify(line)
}
