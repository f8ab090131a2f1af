import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { writtenDocument } from '../support/document.ts'

t.setTimeout(300_000)

const execute = promisify(execFile)

/** What any integrator writes first: everything that may be left out is left out. */
const programs = {
  'openapi-typescript': `
import createClient from 'openapi-fetch'
import type { paths } from './api.js'

const headers = { authorization: \`Bearer \${process.env.KEY}\` }
const api = createClient<paths>({ baseUrl: process.env.URL ?? '', headers })
const made = await api.POST('/api/campaigns', {
  body: { name: 'By a generated client' },
  headers: { 'Idempotency-Key': 'once' },
})
const again = await api.POST('/api/campaigns', {
  body: { name: 'By a generated client' },
  params: { header: { 'Idempotency-Key': 'once' } },
})
const { data } = await api.GET('/api/campaigns')
const names: string[] = data?.campaigns.map(({ name }) => name) ?? []
const refused = await api.GET('/api/campaigns/{id}', { params: { path: { id: 'cmp_01jd8m3k5ve2pt7c9x4hw6qa0z' } } })
const code: string | undefined = refused.error?.error.code
console.log(JSON.stringify({ made: made.response.status, same: again.data?.id === made.data?.id, names, code }))
`,
  '@hey-api/openapi-ts': `
import { campaignsCreate, campaignsGet, campaignsList } from './api/index.js'
import { client } from './api/client.gen.js'

const auth = ({ scheme }: { scheme?: string }) => (scheme === 'bearer' ? process.env.KEY : undefined)
client.setConfig({ baseUrl: process.env.URL ?? '', auth })
const options = { body: { name: 'By a generated client' }, headers: { 'Idempotency-Key': 'once' } }
const made = await campaignsCreate(options)
const again = await campaignsCreate(options)
const { data } = await campaignsList()
const names: string[] = data?.campaigns.map(({ name }) => name) ?? []
const refused = await campaignsGet({ path: { id: 'cmp_01jd8m3k5ve2pt7c9x4hw6qa0z' } })
const code: string | undefined = refused.error?.error.code
console.log(JSON.stringify({ made: made.response?.status, same: again.data?.id === made.data?.id, names, code }))
`,
}

const generators: Record<keyof typeof programs, (file: string, folder: string) => string[]> = {
  'openapi-typescript': (file, folder) => ['openapi-typescript', file, '--output', join(folder, 'api.d.ts')],
  '@hey-api/openapi-ts': (file, folder) => ['openapi-ts', '--input', file, '--output', join(folder, 'api')],
}

async function compile(t: Test, folder: string): Promise<void> {
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const tsc = execute(process.execPath, ['node_modules/typescript/bin/tsc', '--project', folder])
  await t.resolves(
    tsc.catch(({ stdout }) => Promise.reject(new Error(stdout))),
    'compiles under strict',
  )
}

t.test('a program on a generated client compiles and works', async (t) => {
  const { file } = await writtenDocument(t)
  const server = await testApp(t)
  const url = await server.listen()
  for (const [generator, program] of Object.entries(programs) as [keyof typeof programs, string][]) {
    await t.test(generator, async (t) => {
      const folder = join(t.testdir({}), 'client')
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'program.ts'), program)
      const [command = '', ...args] = generators[generator](file, folder)
      await execute(`node_modules/.bin/${command}`, args)
      await compile(t, folder)
      const { key } = await server.tenant()
      const env = { PATH: process.env.PATH, URL: url, KEY: key }
      const { stdout } = await execute(process.execPath, [join(folder, 'program.js')], { env })
      t.strictSame(JSON.parse(stdout), {
        made: 201,
        same: true,
        names: ['By a generated client'],
        code: 'NOT_FOUND',
      })
    })
  }
})
