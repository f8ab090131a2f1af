import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { Checker } from '../../fuzz/checks.ts'
import { Findings } from '../../fuzz/findings.ts'
import { isFlat } from '../../fuzz/memory.ts'
import { readOperations } from '../../fuzz/operations.ts'
import type { Plan } from '../../fuzz/plan.ts'
import { Pool } from '../../fuzz/pool.ts'
import type { Answer, SentRequest } from '../../fuzz/send.ts'
import type { World } from '../../fuzz/world.ts'
import { createTestDatabase } from '../support/database.ts'
import { writtenDocument } from '../support/document.ts'

t.setTimeout(300_000)

const seed = 20_261_126

t.test('a short run finds nothing, and tells what it did', async (t) => {
  const { url, drop } = await createTestDatabase()
  t.teardown(drop)
  const out = join(t.testdir(), 'report.json')
  const args = ['--requests', '600', '--seconds', '120', '--seed', String(seed), '--out', out]
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    const env = { ...process.env, DATABASE_URL: url }
    execFile(process.execPath, ['fuzz/run.ts', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: stdout || stderr }),
    )
  })
  t.match(text, /No findings\./)
  t.equal(code, 0)
  const report = JSON.parse(await readFile(out, 'utf8'))
  t.match(report, { seed, requests: 600, findings: [], memory: { flat: true } })
  t.ok(report.coverage.reached > 80, `${report.coverage.reached} operations reached`)
  t.ok(report.coverage.succeeded > 25, `${report.coverage.succeeded} operations succeeded`)
  t.ok(Object.keys(report.credentials).length > 30, 'with every kind of credential')
})

t.test('what it checks', async (t) => {
  const { document } = await writtenDocument(t)
  const operations = readOperations(document)
  const checker = new Checker(document)
  const pool = new Pool({})
  pool.learn('{"id":"cmp_01jd8m3k5ve2pt7c9x4hw6qa0z"}')
  const world = { pool } as unknown as World
  const requestId = 'req_01jd8m3k5ve2pt7c9x4hw6qa0z'
  const headers = {
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'content-type': 'application/json; charset=utf-8',
  }
  const faultsOf = (
    id: string,
    answer: Partial<Omit<Answer, 'body'>> & { body?: unknown },
    asked: Partial<Plan & Pick<SentRequest, 'target' | 'credential'>> = {},
  ) => {
    const operation = operations.find((one) => one.id === id)
    if (!operation) throw new Error(`no operation ${id}`)
    const plan = { operation, method: operation.method, twist: null, body: null, ...asked } as Plan
    const sent = {
      method: operation.method,
      target: operation.path,
      credential: 'key',
      ...asked,
    } as SentRequest
    const body = Buffer.from(answer.body === undefined ? '' : JSON.stringify(answer.body))
    return checker
      .faultsOf(plan, sent, { status: 200, headers, ms: 1, ...answer, body }, world)
      .map(({ kind }) => kind)
  }
  const page = { campaigns: [], nextCursor: null }
  const error = { error: { code: 'NOT_FOUND', message: 'x', requestId } }

  t.strictSame(faultsOf('campaigns.list', { body: page }), [])
  t.strictSame(faultsOf('campaigns.list', { status: 500, body: error }), ['server error'])
  t.strictSame(faultsOf('campaigns.list', { status: 418, body: error }), ['undocumented status'])
  t.strictSame(faultsOf('campaigns.list', { body: { campaigns: [] } }), ['undocumented body'])
  t.strictSame(
    faultsOf('campaigns.list', { body: page, headers: { ...headers, 'content-type': 'text/html' } }),
    ['undocumented body'],
  )
  t.strictSame(faultsOf('campaigns.list', { status: 403, body: { message: 'no' } }), ['malformed error'])
  const other = { error: { ...error.error, requestId: 'req_another' } }
  t.strictSame(faultsOf('campaigns.list', { status: 403, body: other }), ['malformed error'])
  t.strictSame(faultsOf('campaigns.list', { body: page, headers: { ...headers, 'x-request-id': '1' } }), [
    'missing header',
  ])
  t.strictSame(faultsOf('campaigns.list', { status: 401, body: error }), ['missing header'])
  t.strictSame(faultsOf('campaigns.list', { body: page }, { credential: 'revoked key' }), ['let in'])
  t.strictSame(faultsOf('campaigns.list', { body: page }, { credential: 'scope:keys:read' }), ['let in'])
  t.strictSame(faultsOf('campaigns.list', { body: page }, { credential: 'scope:campaigns:write' }), [])
  const foreign = { credential: 'key of another tenant' as const }
  const target = '/api/campaigns/cmp_01jd8m3k5ve2pt7c9x4hw6qa0z'
  t.ok(faultsOf('campaigns.get', { body: {} }, { ...foreign, target }).includes('let in'))
  const filter = '/api/interviews?campaignId=cmp_01jd8m3k5ve2pt7c9x4hw6qa0z'
  t.strictSame(
    faultsOf(
      'interviews.list',
      { body: { interviews: [], nextCursor: null } },
      { ...foreign, target: filter },
    ),
    [],
  )
  t.ok(
    faultsOf(
      'interviews.list',
      { body: { campaignId: 'cmp_01jd8m3k5ve2pt7c9x4hw6qa0z' } },
      { ...foreign, target: filter },
    ).includes('let in'),
  )
  const asked = { status: 201, body: { secret: 'A', otpauthUrl: 'otpauth://totp/a' } }
  t.strictSame(faultsOf('secondFactor.remove', asked, { method: 'POST' }), [], 'another method of the path')
  const body = { type: 'application/json', bytes: '{}', json: { nobody: 'knows' } }
  t.ok(faultsOf('campaigns.create', { status: 201, body: {} }, { body }).includes('accepted'))
  t.strictSame(
    faultsOf(
      'campaigns.list',
      { status: 405, body: error, headers: { ...headers, allow: 'GET' } },
      { method: 'PUT' },
    ),
    [],
  )
})

t.test('memory that grows, findings that come again, and places that are filled', async (t) => {
  const samples = (growth: number) =>
    Array.from({ length: 100 }, (_, index) => ({
      requests: index * 1000,
      seconds: index,
      bytes: 2e8 + index * growth,
    }))
  t.equal(isFlat(samples(1e5)), true)
  t.equal(isFlat(samples(2e6)), false)
  t.equal(isFlat(samples(2e6).slice(0, 10)), true, 'a few requests say nothing')

  const findings = new Findings()
  findings.add({ kind: 'server error', message: '500 req_01jd8m3k5ve2pt7c9x4hw6qa0z' }, 'keys.list', 'curl 1')
  findings.add({ kind: 'server error', message: '500 req_01jd8m3k5ve2pt7c9x4hw6qa1z' }, 'keys.list', 'curl 2')
  t.match(findings.list, [{ count: 2, curl: 'curl 1' }])
  t.equal(findings.list.length, 1)

  const pool = new Pool({ password: 'secret' })
  pool.spare('key_01jd8m3k5ve2pt7c9x4hw6qa0z')
  pool.learn('"key_01jd8m3k5ve2pt7c9x4hw6qa0z" "key_01jd8m3k5ve2pt7c9x4hw6qa1z"')
  t.equal(pool.fill('/keys/{{key:7}}?{{password}}'), '/keys/key_01jd8m3k5ve2pt7c9x4hw6qa1z?secret')
  t.match(pool.fill('{{cmp:0}}'), /^cmp_/, 'what is not known is invented')
})
