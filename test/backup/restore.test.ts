import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Body } from '../support/app.ts'
import { commandLine, type Ended } from '../support/command.ts'
import { pdf } from '../support/files.ts'
import { startServer } from '../support/server-process.ts'

t.setTimeout(580_000)

type Headers = Record<string, string>

/** A request whose answer must be the same after a restore, apart from what its own asking changes. */
interface Asked {
  readonly path: string
  readonly headers: Headers
}

t.test('a restored system answers as the one that was backed up under load', async (t) => {
  const folder = t.testdir()
  const before = { DATA_DIR: join(folder, 'before') }
  const archives = join(folder, 'archives')
  const server = await startServer(t, before)
  const quiet = await signUp(t, server.url, 'quiet')
  const busy = await signUp(t, server.url, 'busy')
  const { candidateId, content } = await fill(server.url, quiet)
  const asked: Asked[] = [
    { path: '/api/whoami', headers: quiet },
    { path: '/api/organization', headers: quiet },
    { path: '/api/members', headers: quiet },
    { path: '/api/campaigns', headers: quiet },
    { path: '/api/candidates', headers: quiet },
    { path: '/api/candidates?q=lovelace', headers: quiet },
    { path: `/api/candidates/${candidateId}/files`, headers: quiet },
    { path: '/api/invites', headers: quiet },
    { path: '/api/interviews', headers: quiet },
    { path: '/api/webhooks', headers: quiet },
    { path: '/api/events', headers: quiet },
    { path: '/api/audit', headers: quiet },
  ]
  const recorded = await answers(server.url, asked)
  t.same(
    recorded.filter((text) => !text.startsWith('200 ')),
    [],
    'every recorded answer is one',
  )
  const probe = await fetch(`${server.url}/api/whoami`, { headers: quiet })
  const requestId = probe.headers.get('x-request-id') as string

  const key = join(folder, 'recovery-key.txt')
  const command = commandLine(before)
  const { recipient } = json(await command('backup', 'new-key', '--out', key, '--json'))
  t.match(recipient, /^age1/)
  const load = makeLoad(server.url, busy)
  await load.until(20)
  const acknowledged = load.made()
  const backup = await command('backup', '--to', archives, '--recipient', recipient, '--json')
  t.match(backup, { code: 0, error: '' })
  await load.end()
  t.ok(load.made() > acknowledged, 'the load went on during the backup')
  t.match(json(backup).summary, { deleted: [], damaged: [] })
  t.same(await readdir(archives), [json(backup).archive], 'nothing unfinished is left')
  t.match(await command('restore', archives, '--recovery-key-file', key), {
    code: 1,
    error: /not empty.*a server runs on it: stop it/,
  })
  await server.end('SIGTERM')
  t.match(await command('restore', archives, '--recovery-key-file', key), {
    code: 1,
    error: /not empty.*organizations/,
  })

  const after = { DATA_DIR: join(folder, 'after') }
  const restored = await commandLine(after)('restore', archives, '--recovery-key-file', key, '--json')
  t.match(restored, { code: 0, error: '' })
  const verified = await commandLine(after)('audit', 'verify')
  t.match(verified, { code: 0, out: /every chain is whole/ })
  t.match(await commandLine(after)('files', 'check', '--json'), { code: 0 })

  const again = await startServer(t, after)
  t.strictSame(await answers(again.url, asked), recorded)
  t.ok((await contentOf(again.url, quiet, candidateId)).equals(content), 'the bytes of the file')
  const log = await (await fetch(`${again.url}/api/logs/${requestId}`, { headers: quiet })).json()
  t.match(log, { requestId, path: '/api/whoami', status: 200 }, 'the log has the requests before the backup')
  const there = await list(again.url, busy, '/api/candidates', 'candidates')
  t.ok(there.length >= acknowledged, 'all that was answered before the backup is there')
  t.ok(there.length <= load.made() + 1)
  const made = await fetch(`${again.url}/api/candidates`, {
    method: 'POST',
    headers: { ...quiet, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'new@restored.example', name: 'New' }),
  })
  t.equal(made.status, 201, 'it goes on')
  await again.end('SIGTERM')
})

async function signUp(t: Test, url: string, name: string): Promise<Headers> {
  const signup = await post(
    url,
    '/api/auth/signup',
    {},
    {
      email: `${name}@restore.example`,
      password: 'a long password 4711',
      name,
      organizationName: name,
    },
  )
  const user = { authorization: `Bearer ${signup.accessToken}` }
  const { key } = await post(url, '/api/keys', user, { name: 'Everything' })
  t.match(key, /^sk_dev_/)
  return { authorization: `Bearer ${key}` }
}

/** One of most things. */
async function fill(url: string, headers: Headers): Promise<{ candidateId: string; content: Buffer }> {
  const campaign = await post(url, '/api/campaigns', headers, {
    name: 'Kept \\N and \\\\.',
    description: 'a\ttab, a \\ and a line\nfeed',
    questions: [{ id: 'text', kind: 'text', prompt: 'Why?' }],
    metadata: { list: [1, 'two', null] },
  })
  const invite = await post(url, `/api/campaigns/${campaign.id}/invites`, headers, {
    candidate: { email: 'ada@kept.example', name: 'Ada Łovelace' },
    sendEmail: false,
  })
  await post(url, '/api/embed/sessions', {}, { invite: invite.token })
  const webhook = { url: 'https://hooks.example.com/kept', events: ['interview.started'] }
  await post(url, '/api/webhooks', headers, webhook)
  const content = pdf('kept'.repeat(100_000))
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(content)]), 'résumé.pdf')
  const upload = await fetch(`${url}/api/candidates/${invite.candidateId}/files`, {
    method: 'POST',
    headers,
    body: form,
  })
  if (upload.status !== 201) throw new Error(await upload.text())
  return { candidateId: invite.candidateId, content }
}

/** Writes as fast as the server takes it, each candidate with its events and audit records. */
function makeLoad(url: string, headers: Headers) {
  let made = 0
  let ended = false
  const work = (async () => {
    while (!ended) {
      await post(url, '/api/candidates', headers, { email: `load-${made}@load.example`, name: 'Load' })
      await post(url, '/api/campaigns', headers, { name: 'Load' })
      made += 1
    }
  })()
  return {
    made: () => made,
    async until(count: number) {
      while (made < count) await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 5))])
    },
    async end() {
      ended = true
      await work
    },
  }
}

async function answers(url: string, asked: readonly Asked[]): Promise<string[]> {
  return Promise.all(
    asked.map(async ({ path, headers }) => {
      const response = await fetch(url + path, { headers })
      const bytes = Buffer.from(await response.arrayBuffer()).toString('latin1')
      // Links name the port and are signed for a time.
      return `${response.status} ${bytes.replaceAll(/"url(ExpiresAt)?":"[^"]*"/g, '')}`
    }),
  )
}

async function contentOf(url: string, headers: Headers, candidateId: string): Promise<Buffer> {
  const [file] = await list(url, headers, `/api/candidates/${candidateId}/files`, 'files')
  const { pathname, search } = new URL((file as { url: string }).url)
  return Buffer.from(await (await fetch(url + pathname + search)).arrayBuffer())
}

async function list(url: string, headers: Headers, path: string, name: string): Promise<unknown[]> {
  const all: unknown[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const response = await fetch(`${url}${path}?limit=100${cursor ? `&cursor=${cursor}` : ''}`, { headers })
    const page = (await response.json()) as Record<string, unknown[]> & { nextCursor: string | null }
    all.push(...(page[name] ?? []))
    cursor = page.nextCursor
  }
  return all
}

async function post(url: string, path: string, headers: Headers, body: unknown): Promise<Body> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status !== 201 && response.status !== 200) throw new Error(`${path}: ${await response.text()}`)
  return response.json()
}

function json({ out }: Ended): Body {
  return JSON.parse(out)
}
