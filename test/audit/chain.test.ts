import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import {
  type ExportLine,
  exportAudit,
  readHeads,
  verifyDatabase,
  verifyExport,
} from '../../operations/audit/verify.ts'
import { testApp } from '../support/app.ts'

t.setTimeout(300_000)

/** An organization with a handful of records, and whoever holds the disk. */
async function audited(t: Test) {
  const server = await testApp(t)
  const { call } = server
  const owner = await server.tenant()
  for (let number = 0; number < 4; number += 1) {
    await call('PATCH', `/api/keys/${owner.keyId}`, { headers: owner.auth, body: { name: `Name ${number}` } })
  }
  // The superuser gets past grants and, as a replica, past triggers.
  const disk = postgres(server.databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { search_path: 'sandbox', session_replication_role: 'replica' },
  })
  t.teardown(() => disk.end())
  const { database } = server.app
  return {
    ...owner,
    server,
    disk,
    verify: () => verifyDatabase(database, null),
    exported: async () => {
      const lines: ExportLine[] = []
      await exportAudit(database, null, (line) => lines.push(line))
      return lines
    },
  }
}

async function* written(lines: readonly unknown[]): AsyncGenerator<string> {
  for (const line of lines) yield JSON.stringify(line)
}

t.test('the command line exports and verifies, with and without a database', async (t) => {
  const { server, organizationId, auth, disk } = await audited(t)
  await server.tenant()
  const run = (...words: string[]) =>
    new Promise<{ code: number; out: string; error: string }>((resolve) => {
      const env = { ...process.env, DATABASE_URL: server.databaseUrl }
      execFile(process.execPath, ['bin/anteroom.ts', ...words], { env }, (error, out, problem) =>
        resolve({ code: error ? Number(error.code) : 0, out, error: problem }),
      )
    })
  const file = join(t.testdir(), 'export.jsonl')
  t.match(await run('audit', 'export', '--out', file), { code: 0, out: /records written to/ })
  const text = await readFile(file, 'utf8')
  const shown = (await server.call('GET', '/api/audit', { headers: auth })).body.audit
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const exported = lines.filter((line) => line.id && line.organizationId === organizationId)
  t.strictSame(shown.map(sorted), exported.reverse().map(sorted), 'the API shows what an export holds')

  await disk`delete from audit_records where sequence = 2 and organization_id = ${organizationId}`
  const [own, broken, offline, missing] = await Promise.all([
    run('audit', 'verify', '--organization', organizationId, '--json'),
    run('audit', 'verify', '--anchor', file),
    run('audit', 'verify', '--file', file),
    run('audit', 'verify', '--file', `${file}.missing`),
  ])
  t.match(own, { code: 1 })
  t.match(JSON.parse(own.out), {
    ok: false,
    organizations: 1,
    problems: [{ sequence: 3, problem: /record 2 is missing/ }],
  })
  t.match(broken, { code: 1, out: /of 2 organizations checked: 1 problems/ })
  t.match(offline, { code: 0, out: /of 2 organizations checked: every chain is whole/ })
  t.match(missing, { code: 1, error: /ENOENT/ })
})

const tamperings: Record<string, { statement: string; problem: RegExp }> = {
  'a changed record': {
    statement: `update audit_records set user_id = 'usr_someone' where sequence = 3`,
    problem: /was changed/,
  },
  'changed content with a hash made to fit': {
    statement: `update audit_records set action = 'key.other', hash = sha256('x') where sequence = 3`,
    problem: /was changed|hash of the record before/,
  },
  'a removed record': {
    statement: 'delete from audit_records where sequence = 3',
    problem: /record 3 is missing/,
  },
  'removed records at the beginning': {
    statement: 'delete from audit_records where sequence < 3',
    problem: /records 1–2 are missing/,
  },
  'a record taken off the end': {
    statement: 'delete from audit_records where sequence = (select max(sequence) from audit_records)',
    problem: /should end at record/,
  },
  'two records that changed places': {
    statement:
      'update audit_records set sequence = case sequence when 3 then -4 when 4 then -3 end where sequence in (3, 4); update audit_records set sequence = -sequence where sequence < 0',
    problem: /was changed/,
  },
  'an inserted record': {
    statement: `insert into audit_records select organization_id, sequence + 100, 'aud_forged', at, actor_type, user_id,
      credential_id, action, target_type, target_id, ip, user_agent, request_id, changes, previous_hash, hash
      from audit_records where sequence = 2`,
    problem: /was changed/,
  },
  'the whole log removed': {
    statement: 'delete from audit_records',
    problem: /should end at record/,
  },
}

t.test('every tampering is seen', async (t) => {
  const { disk, verify, exported, organizationId } = await audited(t)
  t.match(await verify(), { organizations: 1, problems: [] })
  t.match(await verifyExport(written(await exported())), { organizations: 1, problems: [] })
  for (const [name, { statement, problem }] of Object.entries(tamperings)) {
    await disk.unsafe('create table kept as select * from audit_records')
    await disk.unsafe(statement)
    const { problems } = await verify()
    t.match(problems[0], { organizationId }, `${name}, in the database`)
    t.match(problems.map((found) => found.problem).join(), problem)
    t.not((await verifyExport(written(await exported()))).problems.length, 0, `${name}, in an export`)
    await disk.unsafe(
      'delete from audit_records; insert into audit_records select * from kept; drop table kept',
    )
    t.strictSame((await verify()).problems, [], `${name}, taken back`)
  }
})

t.test('a history that was written anew is seen with an earlier export beside it', async (t) => {
  const { disk, verify, exported, server, keyId, auth } = await audited(t)
  const heads = await readHeads(written(await exported()))
  await disk.unsafe('delete from audit_records; delete from audit_heads')
  await server.call('PATCH', `/api/keys/${keyId}`, { headers: auth, body: { name: 'A new beginning' } })
  t.strictSame((await verify()).problems, [], 'whole in itself')
  const shorter = await verifyDatabase(server.app.database, null, heads)
  t.match(shorter.problems, [{ problem: /is gone: an earlier export ended with it/ }])
  for (const name of ['1', '2', '3', '4', '5', '6', '7', '8']) {
    await server.call('PATCH', `/api/keys/${keyId}`, { headers: auth, body: { name } })
  }
  const longer = await verifyDatabase(server.app.database, null, heads)
  t.match(longer.problems, [{ problem: /is another record than the earlier export ended with/ }])
})

t.test('lines of an export that were moved, repeated or cut are seen', async (t) => {
  const { exported } = await audited(t)
  const lines = await exported()
  const edits = {
    moved: [lines[1], lines[0], ...lines.slice(2)],
    repeated: [lines[0], ...lines],
    'without its end': lines.slice(0, -1),
    'without its last record': [...lines.slice(0, -2), lines.at(-1)],
    'with another person in it': lines.map((line) =>
      'id' in line ? { ...line, userId: 'usr_other' } : line,
    ),
  }
  for (const [name, edited] of Object.entries(edits)) {
    t.not((await verifyExport(written(edited))).problems.length, 0, name)
  }
  await t.rejects(verifyExport(written([{ no: 'record' }])), { message: /line 1 is none of an audit export/ })
})

function sorted(record: object): object {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)))
}
