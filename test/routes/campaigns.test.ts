import t from 'tap'
import { newId } from '../../schemas/ids.ts'
import { type Tenant, testApp } from '../support/app.ts'

const statuses = ['draft', 'active', 'paused', 'completed', 'archived'] as const
const allowed: Record<string, readonly string[]> = {
  draft: ['active', 'archived'],
  active: ['paused', 'completed', 'archived'],
  paused: ['active', 'completed', 'archived'],
  completed: ['active', 'archived'],
  archived: [],
}
/** How a campaign that begins as an active one gets to each status. */
const ways: Record<string, readonly string[]> = {
  active: [],
  paused: ['paused'],
  completed: ['completed'],
  archived: ['archived'],
}

t.test('campaigns', async (t) => {
  const server = await testApp(t)
  const { call } = server
  const tenant = await server.tenant()
  const { auth: headers } = tenant
  const create = async (body: unknown, of: Tenant = tenant) => {
    const answer = await call('POST', '/api/campaigns', { headers: of.auth, body })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  const patch = (id: string, body: unknown) => call('PATCH', `/api/campaigns/${id}`, { headers, body })

  t.test('one that says only its name gets the defaults', async (t) => {
    const made = await create({ name: 'Plain' })
    const { id, createdAt, updatedAt, ...rest } = made
    t.match(id, /^cmp_[0-7][0-9a-z]{25}$/)
    t.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.equal(updatedAt, createdAt)
    t.strictSame(rest, {
      name: 'Plain',
      description: null,
      status: 'active',
      language: 'en',
      questions: [],
      inviteValidHours: 168,
      metadata: {},
      counts: { invited: 0, started: 0, completed: 0, expired: 0 },
    })
    t.strictSame((await call('GET', `/api/campaigns/${id}`, { headers })).body, made)
  })

  t.test('what is sent comes back as it was', async (t) => {
    const body = {
      name: 'Zürich 面接 \u{1f3a4}',
      description: 'Two\nlines, "quoted" \\ and \u2028 more',
      status: 'draft',
      language: 'de-CH',
      inviteValidHours: 720,
      questions: [
        { id: 'q2', prompt: 'Why?', kind: 'text' },
        { prompt: 'Which?', kind: 'choice', options: ['a', 'b'] },
        { prompt: 'Show', kind: 'video', timeLimitSeconds: 60 },
      ],
      metadata: { nested: { list: [1, null, 'x', { deep: true }] }, '': 0, 'key with . $ and "': -1.5e-7 },
    }
    const made = await create(body)
    t.match(made, { ...body, questions: [] })
    t.strictSame(made.metadata, body.metadata)
    t.strictSame(
      made.questions.map(({ id }: { id: string }) => id),
      ['q2', 'q1', 'q3'],
      'questions without an id get one that is free',
    )
  })

  t.test('a patch changes what it names and nothing else', async (t) => {
    const made = await create({ name: 'Before', description: 'Text', metadata: { a: 1 } })
    const changed = await patch(made.id, { name: 'After', description: null })
    t.equal(changed.status, 200)
    const { updatedAt, ...rest } = changed.body
    t.strictSame({ ...rest, updatedAt: made.updatedAt }, { ...made, name: 'After', description: null })
    t.ok(updatedAt >= made.updatedAt)
    t.equal((await patch(made.id, {})).status, 400, 'an empty patch is a mistake')
    const both = await Promise.all([
      patch(made.id, { language: 'fr' }),
      patch(made.id, { inviteValidHours: 5 }),
    ])
    t.same(
      both.map(({ status }) => status),
      [200, 200],
    )
    const { body } = await call('GET', `/api/campaigns/${made.id}`, { headers })
    t.match(body, { language: 'fr', inviteValidHours: 5 }, 'of two patches at once none is lost')
  })

  t.test('from each status to each other', async (t) => {
    for (const from of statuses) {
      for (const to of statuses) {
        const { id } = await create({
          name: `${from} to ${to}`,
          ...(from === 'draft' ? { status: 'draft' } : {}),
        })
        for (const step of ways[from] ?? []) t.equal((await patch(id, { status: step })).status, 200)
        const answer = await patch(id, { status: to })
        if (from === to || allowed[from]?.includes(to)) t.match(answer, { status: 200, body: { status: to } })
        else {
          t.match(answer, { status: 409, body: { error: { code: 'CONFLICT' } } }, `${from} to ${to}`)
          t.match(answer.body.error.message, `from ${from} to ${to}`)
        }
      }
    }
  })

  t.test('delete archives, twice as well as once', async (t) => {
    const { id } = await create({ name: 'Old' })
    const gone = await call('DELETE', `/api/campaigns/${id}`, { headers })
    t.match(gone, { status: 200, body: { id, status: 'archived' } })
    t.strictSame((await call('DELETE', `/api/campaigns/${id}`, { headers })).body, gone.body)
    t.equal((await call('GET', `/api/campaigns/${id}`, { headers })).body.status, 'archived')
  })

  t.test("what is not there, and what is another tenant's, is not found alike", async (t) => {
    const other = await server.tenant()
    const theirs = await create({ name: 'Theirs' }, other)
    for (const id of [theirs.id, newId('cmp')]) {
      for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
        const body = method === 'PATCH' ? { body: { name: 'Mine' } } : {}
        const answer = await call(method, `/api/campaigns/${id}`, { headers, ...body })
        t.match(answer, { status: 404, body: { error: { message: 'Campaign not found' } } })
      }
    }
    t.same((await call('GET', `/api/campaigns/${theirs.id}`, { headers: other.auth })).body, theirs)
  })

  t.test('250 rows by pages, while others are made', async (t) => {
    const other = await server.tenant()
    const list = async (query: string) => {
      const answer = await call('GET', `/api/campaigns?${query}`, { headers: other.auth })
      t.equal(answer.status, 200)
      return answer.body as { campaigns: { id: string; status: string }[]; nextCursor: string | null }
    }
    t.same(await list(''), { campaigns: [], nextCursor: null })
    const made: string[] = []
    for (let index = 0; index < 250; index += 1) {
      const body = { name: `Row ${index}`, ...(index % 5 === 0 ? { status: 'draft' } : {}) }
      made.push((await call('POST', '/api/campaigns', { headers: other.auth, body })).body.id)
    }
    const newestFirst = made.toReversed()
    t.equal((await list('')).campaigns.length, 50, 'by default')
    for (const limit of [7, 100]) {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = await list(`limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`)
        seen.push(...page.campaigns.map(({ id }) => id))
        cursor = page.nextCursor
        if (seen.length < 30) await create({ name: 'Made meanwhile' }, other)
      } while (cursor)
      const known = new Set(made)
      t.same(
        seen.filter((id) => known.has(id)),
        newestFirst,
        `pages of ${limit}: each once, newest first`,
      )
      t.equal(new Set(seen).size, seen.length)
    }
    const drafts = await list('status=draft&limit=49')
    t.equal(drafts.campaigns.length, 49)
    t.ok(drafts.campaigns.every(({ status }) => status === 'draft'))
    const rest = await list(`status=draft&limit=49&cursor=${drafts.nextCursor}`)
    t.match(
      rest,
      { campaigns: { length: 1 }, nextCursor: null },
      'a full page knows whether there is another',
    )
  })

  t.test('the reference can be read, by people and by programs', async (t) => {
    const page = await server.app.inject('/docs/')
    t.equal(page.statusCode, 200)
    t.match(page.headers['content-type'], /^text\/html/)
    t.match(page.headers['content-security-policy'], /script-src 'self'/)
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(
      (match) => match[1] as string,
    )
    t.ok(assets.length >= 3)
    for (const asset of assets) {
      const { pathname } = new URL(asset, 'http://localhost/docs/')
      const answer = await server.app.inject(pathname)
      t.equal(answer.statusCode, 200, pathname)
      t.match(answer.headers['content-type'], pathname.endsWith('.css') ? /^text\/css/ : /javascript/)
    }
    const { body } = await call('GET', '/openapi.json')
    t.match(body, { openapi: '3.1.0', paths: { '/api/whoami': { get: { operationId: 'whoami' } } } })
    t.equal((await call('GET', '/healthz')).body.status, 'ok')
    t.equal((await call('GET', '/readyz')).body.status, 'ok')
  })
})
