import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { DockerfileParser, type Instruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import t from 'tap'
import { parse } from 'yaml'
import { environmentOf, service } from './compose-file.ts'

const run = promisify(execFile)
const dockerfile = readFileSync('Dockerfile', 'utf8')
const instructions = DockerfileParser.parse(dockerfile).getInstructions()

/** The instructions of the last stage: what the image is. */
const lastStage = instructions.slice(instructions.map((line) => line.getKeyword()).lastIndexOf('FROM'))

function argumentsOf(keyword: string, from: Instruction[] = lastStage): string[] {
  return from.filter((line) => line.getKeyword() === keyword).map((line) => line.getArgumentsContent() ?? '')
}

t.test('the Dockerfile has no mistake', async (t) => {
  t.same(validate(dockerfile), [])
  for (const base of argumentsOf('FROM', instructions)) t.match(base, /^node:24-[a-z]+-slim( AS \w+)?$/)
})

t.test('the image runs the server without root and without devDependencies', async (t) => {
  t.same(argumentsOf('USER'), ['node'])
  t.same(argumentsOf('CMD'), ['["node", "--max-semi-space-size=6", "--max-old-space-size=512", "server.ts"]'])
  t.match(argumentsOf('HEALTHCHECK'), [/readyz/])
  t.match(argumentsOf('RUN', instructions)[0], 'npm ci --omit=dev')
})

t.test('.dockerignore lets in what runs and nothing else', async (t) => {
  const [first, ...rest] = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  t.equal(first, '*')
  const [left] = rest.splice(-1)
  t.equal(left, 'web/dist', 'what the image builds itself is left out again')
  for (const line of rest) {
    t.match(line, /^![^*]+$/, `${line} is an exact name`)
    t.ok(existsSync(line.slice(1)), `${line} exists`)
  }
})

t.test('GitHub builds the real image and starts docker-compose.yml', async (t) => {
  const { jobs } = parse(readFileSync('.github/workflows/ci.yml', 'utf8'))
  const scripts: string[] = jobs.image.steps.flatMap((step: { run?: string }) => step.run ?? [])
  t.same(scripts, ['.ci/compose'])
  accessSync('.ci/compose', constants.X_OK)
  await run('bash', ['-n', '.ci/compose'])
  const script = readFileSync('.ci/compose', 'utf8')
  t.match(script, /^docker compose build\n.*^docker compose up .*--wait/ms)
  for (const name of ['sandbox', 'production'])
    t.match(
      script,
      `readme-lines.ts ${environmentOf(name).PUBLIC_URL}`,
      `the README's commands run against ${name}`,
    )
})

t.test('Caddy takes its Caddyfile', async (t) => {
  const caddyfile = ['--config', 'deploy/Caddyfile', '--adapter', 'caddyfile']
  const version = await run('caddy', ['version']).catch(() => undefined)
  if (version === undefined) return t.comment('caddy is not installed, so its Caddyfile is not checked')

  const env = {
    ...process.env,
    ...environmentOf('proxy'),
    XDG_DATA_HOME: t.testdir(),
    XDG_CONFIG_HOME: t.testdirName,
  }
  await run('caddy', ['validate', ...caddyfile], { env })
  const { apps } = JSON.parse((await run('caddy', ['adapt', ...caddyfile], { env })).stdout)
  const upstreams: Record<string, string> = {}
  for (const server of Object.values<CaddyServer>(apps.http.servers))
    for (const { match, handle } of server.routes) {
      const dial = /"dial":"([^"]+)"/.exec(JSON.stringify(handle))?.[1]
      if (dial === undefined) continue
      // Below what a server's own connections are kept: app.ts leaves it at Fastify's 72 s.
      t.match(
        JSON.stringify(handle),
        `"idle_timeout":${30e9}`,
        'no request meets a connection that is being closed',
      )
      const { read_header_timeout, read_timeout, idle_timeout, max_header_bytes } = server
      t.same(
        { read_header_timeout, read_timeout, idle_timeout, max_header_bytes },
        { read_header_timeout: 30e9, read_timeout: 3600e9, idle_timeout: 60e9, max_header_bytes: 16_384 },
        'nothing waits forever',
      )
      for (const host of match?.[0]?.host ?? []) upstreams[host] = dial
    }
  for (const name of ['sandbox', 'production']) {
    const { PUBLIC_URL = '', PORT } = environmentOf(name)
    t.equal(upstreams[new URL(PUBLIC_URL).host], `${name}:${PORT}`, `${PUBLIC_URL} leads to ${name}`)
  }
  const listening = JSON.stringify(Object.values<CaddyServer>(apps.http.servers).map(({ listen }) => listen))
  for (const port of service('proxy').ports ?? []) {
    const inside = port.split(':').at(-1)
    t.ok(
      listening.includes(`:${inside}`) || apps.http.http_port === Number(inside),
      `${inside} is listened on`,
    )
  }
})

interface CaddyServer {
  listen: string[]
  read_header_timeout?: number
  read_timeout?: number
  idle_timeout?: number
  max_header_bytes?: number
  routes: { match?: { host?: string[] }[]; handle: unknown[] }[]
}
