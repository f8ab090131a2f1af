import fc from 'fast-check'
import postgres from 'postgres'
import t from 'tap'
import { listCandidates } from '../../db/queries/candidates.ts'
import { wordsOf, wordsToFind } from '../../operations/candidates/search.ts'
import { fold } from '../../schemas/fold.ts'
import { newId } from '../../schemas/ids.ts'
import { type Body, testApp } from '../support/app.ts'
import { openDesk } from '../support/interviews.ts'

t.test('candidates', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  const { ask } = desk
  const sql = postgres(server.databaseUrl, { max: 1, connection: { search_path: 'sandbox' } })
  t.teardown(() => sql.end())
  const make = async (fields: Record<string, unknown>) => {
    const { status, body } = await ask('POST', '/api/candidates', { name: 'Somebody', ...fields })
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body
  }
  const emailsOf = (list: Body) => list.body.candidates.map(({ email }: { email: string }) => email).sort()

  t.test('one is one an e-mail address, however it is written', async (t) => {
    const made = await make({ email: 'Ada@Example.COM', phone: '+49 170 1234', metadata: { a: [1] } })
    const { id, createdAt, ...rest } = made
    t.match(id, /^cnd_/)
    t.match(createdAt, /Z$/)
    t.strictSame(rest, {
      email: 'ada@example.com',
      name: 'Somebody',
      phone: '+49 170 1234',
      externalId: null,
      metadata: { a: [1] },
    })
    const twice = await ask('POST', '/api/candidates', { email: 'ada@example.com', name: 'Other' })
    t.match(twice, { status: 409, body: { error: { code: 'CONFLICT' } } })
    const other = await openDesk(server)
    t.equal(
      (await other.ask('POST', '/api/candidates', { email: 'ada@example.com', name: 'Theirs' })).status,
      201,
    )
    t.equal((await other.ask('GET', `/api/candidates/${id}`)).status, 404)
    const many = await Promise.all(
      Array.from({ length: 6 }, () => ask('POST', '/api/candidates', { email: 'x@example.com', name: 'X' })),
    )
    t.same(many.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409])
  })

  t.test('changed', async (t) => {
    const { id } = await make({ email: 'before@example.com', externalId: 'E-1' })
    await make({ email: 'taken@example.com' })
    const patch = (body: unknown) => ask('PATCH', `/api/candidates/${id}`, body)
    t.match(await patch({ email: 'AFTER@example.com', externalId: null }), {
      status: 200,
      body: { email: 'after@example.com', externalId: null, name: 'Somebody' },
    })
    t.equal((await patch({ email: 'Taken@example.com' })).status, 409)
    t.equal((await patch({})).status, 400)
    t.equal((await patch({ name: null })).status, 400)
    t.same(emailsOf(await ask('GET', '/api/candidates?q=after')), ['after@example.com'])
    t.same(emailsOf(await ask('GET', '/api/candidates?q=before')), [])
  })

  t.test('found by the beginnings of words', async (t) => {
    const other = await openDesk(server)
    await other.ask('POST', '/api/candidates', { email: 'zoe@neighbour.example', name: 'Zoë Zürcher' })
    await make({ email: 'zoe.muster@zuri.example', name: 'Zoë Zürcher', phone: '+41 (0)79 555-01-02' })
    await make({ email: 'li@zuri.example', name: '李 小龙', externalId: 'HR-0042/b' })
    const find = async (q: string) => emailsOf(await ask('GET', `/api/candidates?q=${encodeURIComponent(q)}`))
    const zoe = ['zoe.muster@zuri.example']
    for (const q of [
      'zoe',
      'Zürch',
      'zurcher zo',
      'ZOË',
      'zoe.muster@zuri',
      '4107955501',
      '555 01',
      'muster zoe',
    ]) {
      t.same(await find(q), zoe, q)
    }
    t.same(await find('小'), ['li@zuri.example'])
    t.same(await find('hr 0042'), ['li@zuri.example'])
    t.same(await find('zuri'), ['li@zuri.example', ...zoe])
    for (const q of [
      'ürch',
      'zoe nobody',
      '!!!',
      "'",
      '& | ! ( ) <-> :*',
      "' OR 1=1 --",
      '%',
      '\\',
      '\u0001',
    ]) {
      t.same(await find(q), [], q)
    }
    t.same(emailsOf(await ask('GET', '/api/candidates?externalId=HR-0042/b')), ['li@zuri.example'])
  })

  t.test('whatever a name holds, it is found by its own words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), async (text) => {
        const kept = wordsOf(text)
        const asked = wordsToFind(text)
        if (asked.length === 0) return
        const [row] = await sql<{ found: boolean }[]>`
          select bool_and(exists (
            select from unnest(${kept}::text[]) as word
            where word collate "C" >= asked and word collate "C" < asked || ${'\u{10ffff}'})) as found
          from unnest(${asked}::text[]) as asked`
        if (!row?.found) throw new Error(`not found: ${asked.join(' ')}`)
      }),
      { numRuns: 300 },
    )
  })

  t.test('case, accents and letters that cannot be taken apart make no difference', async (t) => {
    for (const [name, ...questions] of [
      ['Łukasz Żółć', 'lukasz', 'LUKASZ', 'łukasz zolc'],
      ['Søren Sørensen', 'soren', 'SØREN', 'sorensen'],
      ['Đặng Hương', 'dang', 'huong dang', 'ĐẶNG'],
      ['Jürgen Strauß', 'strauss', 'STRAUẞ', 'jurgen strauß'],
      ['Æsa Þórsdóttir', 'aesa', 'thorsdottir', 'ÆSA'],
      ['Işıl Yıldız', 'isil', 'YILDIZ', 'yıldız'],
      ['Οδυσσέας', 'οδυσσεας', 'ΟΔΥΣΣΕΑΣ', 'οδυσσέασ'],
      ['Андрій Ґалаґан', 'галаган', 'АНДРІЙ'],
      ['ﬁona ＷＡＴＴ', 'fiona', 'watt'],
    ] as const) {
      const { email } = await make({ email: `${newId('cnd')}@fold.example`, name })
      for (const question of questions) {
        const found = await ask('GET', `/api/candidates?q=${encodeURIComponent(question)}`)
        t.same(emailsOf(found), [email], `${question} finds ${name}`)
      }
    }
  })

  t.test('PostgreSQL and JavaScript fold every letter alike', async (t) => {
    const letters = Array.from({ length: 0x110000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((letter) => /[\p{L}\p{N}]/u.test(letter))
    // As the version before wrote words, and the trigger reads them.
    const before = letters.map((letter) => letter.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase())
    const [row] = await sql<{ folded: string[] }[]>`
      select array_agg(fold_letters(word) order by place) as folded
      from unnest(${before}::text[]) with ordinality as each (word, place)`
    const unlike = letters.filter((letter, index) => row?.folded[index] !== fold(letter))
    t.same(unlike, [])
    t.ok(letters.length > 100_000)
    for (const letter of letters) {
      if (fold(fold(letter)) !== fold(letter)) t.fail(`${letter} is not folded whole`)
    }
  })

  t.test('the tenant searches by an index, whatever the other tenants hold', async (t) => {
    const { organizationId } = desk.tenant
    const others = await openDesk(server)
    for (const id of [organizationId, others.tenant.organizationId]) {
      await sql`
        insert into candidates (organization_id, id, email, name, search_text)
        select ${id}, 'cnd_' || lpad(n::text, 26, '0'), n || '@many.example', 'Many', 'many word' || n
        from generate_series(1, 5000) as n`
    }
    await sql`analyze candidates, candidate_words`
    const plan = await server.app.tenancy.write(organizationId, async (tx) => {
      const page = { limit: 50, after: null }
      const filter = { email: null, externalId: null, campaignId: null, words: ['word123', 'many'] }
      const query = listCandidates(tx, organizationId, page, filter)
      const { statement } = await query
      const { parameters } = query as unknown as { parameters: string[] }
      const lines = await tx.unsafe(`explain ${statement.string}`, parameters)
      return lines.map((line) => line['QUERY PLAN']).join('\n')
    })
    t.match(plan, /candidate_words_pkey/)
    t.match(plan, /Index Cond: .*word >= 'word123'.*word < 'word123/)
    t.notMatch(plan, /Seq Scan/)
    await sql`delete from candidates where email like '%@many.example'`
  })

  t.test('erased: nothing of the person stays, and the counts do', async (t) => {
    const campaign = await desk.campaign()
    const candidate = { email: 'erase-me@example.com', name: 'Erasmus Unique', phone: '0555777999' }
    const first = await desk.invite(campaign.id, { candidate })
    const session = await desk.exchange(first.token)
    const headers = { authorization: `Bearer ${session.body.sessionToken}` }
    await server.call('PUT', '/api/embed/interview/answers/why', {
      headers,
      body: { text: 'A secret of mine' },
    })
    const elsewhere = await desk.campaign()
    const open = await desk.invite(elsewhere.id, { candidateId: first.candidateId })

    const url = `/api/candidates/${first.candidateId}`
    const stranger = await openDesk(server)
    t.equal((await stranger.ask('DELETE', url)).status, 404)
    t.equal((await ask('DELETE', url)).status, 204)
    t.equal((await ask('DELETE', url)).status, 404)
    t.equal((await ask('GET', url)).status, 404)
    t.same(emailsOf(await ask('GET', '/api/candidates?q=erasmus')), [])

    t.match((await ask('GET', `/api/invites/${open.id}`)).body, { status: 'cancelled' })
    t.equal((await desk.exchange(open.token)).status, 401)
    const interview = await ask('GET', `/api/interviews/${session.body.interview.id}`)
    t.match(interview.body, { status: 'abandoned', answers: [], candidateId: first.candidateId })
    t.equal((await server.call('GET', '/api/embed/interview', { headers })).status, 401)
    t.same(await desk.counts(campaign.id), { invited: 1, started: 1, completed: 0, expired: 0 })

    // access_logs and the audit log hold ids alone; what is kept of POST responses for 24 hours is sealed.
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'sandbox'::regnamespace and relkind in ('r', 'p')`
    for (const { name } of tables) {
      const [row] = await sql`
        select count(*)::int as hits from ${sql(name)} as kept
        where kept::text ~* 'erase-me|erasmus|0555777999|A secret of mine'`
      t.equal(row?.hits, 0, name)
    }
    t.equal((await ask('POST', '/api/candidates', candidate)).status, 201, 'the address is free again')
  })
})
