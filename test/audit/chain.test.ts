import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { AuthenticatedHead } from '../../operations/audit/chain.ts'
import { verifyExport } from '../../operations/audit/export.ts'
import type { AuditRecord } from '../../operations/audit/serialize.ts'
import { audited, written } from '../support/audit.ts'

t.setTimeout(300_000)

t.test('the command line exports and verifies, with and without a database', async (t) => {
  const { server, organizationId, auth, disk, cli } = await audited(t)
  await server.tenant()
  const file = join(t.testdir(), 'export.jsonl')
  t.match(await cli('audit', 'export', '--out', file), { code: 0, out: /records written to/ })
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
    cli('audit', 'verify', '--organization', organizationId, '--json'),
    cli('audit', 'verify', '--anchor', file),
    cli('audit', 'verify', '--file', file),
    cli('audit', 'verify', '--file', `${file}.missing`),
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

t.test('lines of an export that were moved, repeated or cut are seen', async (t) => {
  const { exported, anchoring } = await audited(t)
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
  const end = lines.at(-1) as { organizationId: string; head: AuthenticatedHead }
  const { sequence, hash } = lines.at(-3) as AuditRecord
  const forged = {
    'without its last record and with an end to fit': { ...end, head: { ...end.head, sequence, hash } },
    'with an end that nobody authenticated': {
      ...end,
      head: { sequence: end.head.sequence, hash: end.head.hash },
    },
  }
  for (const [name, last] of Object.entries(forged)) {
    const kept = name.includes('last record') ? lines.slice(0, -2) : lines.slice(0, -1)
    const whole = await verifyExport(written([...kept, last]), null)
    t.match(whole, { authenticated: false, problems: [] }, `${name}: without the key nobody can tell`)
    t.match((await verifyExport(written([...kept, last]), anchoring.key)).problems, [
      { problem: /the end of the chain/ },
    ])
  }
  for (const [name, edited] of Object.entries(edits)) {
    t.not((await verifyExport(written(edited), anchoring.key)).problems.length, 0, name)
  }
  await t.rejects(verifyExport(written([{ no: 'record' }]), null), {
    message: /line 1 is none of an audit export/,
  })
})

function sorted(record: object): object {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)))
}
