import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Parser, type Result } from 'tap-parser'
import { testApp } from '../support/app.ts'

// What the pages say that there is, there is.

const run = promisify(execFile)
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', ...globSync('docs/*.md')]
const text = new Map(pages.map((page) => [page, readFileSync(page, 'utf8')]))

/** Each match of a pattern's first group in all pages, once, with the first page that has it. */
function said(pattern: RegExp): Map<string, string> {
  const found = new Map<string, string>()
  for (const [page, content] of text)
    for (const [, match = ''] of content.matchAll(pattern)) if (!found.has(match)) found.set(match, page)
  return found
}

t.test('every command', async (t) => {
  const paths = said(/\banteroom ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)/g)
  t.ok(paths.size > 5)
  for (const [command, page] of paths) {
    const { stdout } = await run(process.execPath, ['bin/anteroom.ts', ...command.split(' '), '--help'])
    // Commander shows the help of the last command that it knows.
    const usage = stdout.split('\n', 1)[0] ?? ''
    t.match(usage, `anteroom ${command}`, `${page}: anteroom ${command}`)
  }
  for (const [script, page] of said(/npm run ([\w:]+)/g))
    t.ok(script in JSON.parse(readFileSync('package.json', 'utf8')).scripts, `${page}: npm run ${script}`)
})

t.test('every route', async (t) => {
  const server = await testApp(t)
  const routes = said(/\b((?:GET|POST|PUT|PATCH|DELETE|HEAD)(?:\|[A-Z]+)* \/[^\s`"'),;|?]*)/g)
  t.ok(routes.size > 50)
  for (const [route, page] of routes) {
    const [methods = '', url = ''] = route.split(' ')
    // On a port of their own, and in the reader's own program.
    if (['/metrics', '/hooks/anteroom'].includes(url)) continue
    for (const method of methods.split('|')) {
      const { status, body } = await server.call(method as 'GET', url)
      t.notMatch(body?.error?.message ?? '', /^No route /, `${page}: ${method} ${url}`)
      t.not(status, 405, `${page}: ${method} ${url}`)
    }
  }
})

t.test('every variable and file', async (t) => {
  const sources = ['docker-compose.yml', ...globSync('{config,web/sdk}/*.ts')]
  const known = sources.map((file) => readFileSync(file, 'utf8')).join('\n')
  for (const [name, page] of said(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[`=]/g)) {
    // Those of Node and of the AWS SDK.
    if (/^(NODE|AWS)_/.test(name)) continue
    t.ok(known.includes(name.replace(/_FILE$/, '')), `${page}: ${name}`)
  }
  for (const [file, page] of said(/`((?:[a-z-]+\/)+[a-z0-9.-]+\.(?:ts|js|json|sql))`/g)) {
    const places = ['', 'bench', 'web', 'web/dashboard'].map((folder) => path.join(folder, file))
    // web/openapi.d.ts is made by `npm run check:types:web`.
    t.ok(places.some(existsSync) || file === 'web/openapi.d.ts', `${page}: ${file}`)
  }
  for (const [page, content] of text)
    for (const [, target = ''] of content.matchAll(/\]\(([^)#]+)[^)]*\)/g))
      if (!target.includes('://'))
        t.ok(existsSync(path.join(path.dirname(page), target)), `${page}: ${target}`)
})

t.test('no feature that is not built', async (t) => {
  const { description } = JSON.parse(readFileSync('package.json', 'utf8'))
  const all = [...text, ['package.json', description], ['.env.example', readFileSync('.env.example', 'utf8')]]
  const built: Record<string, string> = {
    OAuth: 'oauth',
    GraphQL: 'graphql',
    'Model Context Protocol|MCP': 'mcp',
    'SAML|single sign-on': 'operations/sso',
    SCIM: 'operations/scim',
    '[Pp]asskeys?': 'operations/passkeys',
    OpenTelemetry: 'plugins/tracing.ts',
  }
  for (const [words, place] of Object.entries(built))
    for (const [name, content] of all)
      if (!existsSync(place)) t.notMatch(content, RegExp(`\\b(${words})\\b`), `${name}: ${words}`)
})

t.test("CONTRIBUTING's examples of one test run it", async (t) => {
  const examples = [...(text.get('CONTRIBUTING.md') ?? '').matchAll(/^npx tap (\S+)((?: --grep=\S+)*)/gm)]
  t.ok(examples.some(([, , greps]) => greps))
  for (const [command, file = '', greps = ''] of examples) {
    t.ok(existsSync(file), file)
    if (!greps) continue
    const patterns = [...greps.matchAll(/--grep=(\S+)/g)].map(([, pattern]) => pattern)
    const env = { ...process.env, TAP_GREP: patterns.join('\n') }
    const { stdout } = await run(process.execPath, [file], { env })
    const passed: string[] = []
    const parser = new Parser()
    parser.on('pass', ({ fullname }: Result) => passed.push(fullname))
    parser.end(stdout)
    t.ok(passed.length > 0, `${command} runs ${passed.length} assertions`)
  }
})
