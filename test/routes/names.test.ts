import t from 'tap'
import { displayName } from '../../operations/files/names.ts'
import { isName, NAME_PATTERN } from '../../schemas/visible-text.ts'
import { testApp } from '../support/app.ts'

/** Fields of a request that name a person or a thing, or that people read in one line. */
const NAMES = /^(name|organizationName|description|reason|externalId|phone)$/
/** Text of several lines. */
const LONG = ['PATCH /api/campaigns/{id} description', 'POST /api/campaigns description']

interface Schema {
  pattern?: string
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
}

t.test('names of people and things', async (t) => {
  const server = await testApp(t)
  const { call } = server
  const { auth: headers } = await server.tenant()

  t.test('every field of a request that is a name has the one schema', async (t) => {
    const { paths = {} } = server.app.swagger() as {
      paths?: Record<
        string,
        Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>
      >
    }
    const found: string[] = []
    const look = (schema: Schema, where: string): void => {
      for (const [field, inner] of Object.entries(schema.properties ?? {})) {
        if (NAMES.test(field)) {
          found.push(`${where} ${field}`)
          const patterns = [inner, ...(inner.anyOf ?? [])].flatMap(({ pattern }) => pattern ?? [])
          t.same(patterns, LONG.includes(`${where} ${field}`) ? [] : [NAME_PATTERN], `${where} ${field}`)
        }
        look(inner, where)
      }
      for (const inner of [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])])
        look(inner, where)
    }
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(item)) {
        for (const { schema } of Object.values(requestBody?.content ?? {})) {
          look(schema, `${method.toUpperCase()} ${path}`)
        }
      }
    }
    t.ok(found.length > 15, found.join('\n'))
    for (const where of LONG) t.ok(found.includes(where), `${where} is still there`)
  })

  t.test('what shows nothing, more than one line, or the wrong way round is refused', async (t) => {
    for (const [what, name] of [
      ['blanks', ' \u00a0\u2003'],
      ['a blank of no width', '\u200b'],
      ['joiners', '\u200d\u2060\u200c'],
      ['a byte order mark', '\ufeff'],
      ['a soft hyphen', '\u00ad'],
      ['a filler of Hangul', '\u3164'],
      ['half a filler', '\uffa0'],
      ['empty braille', '\u2800'],
      ['a variation selector', '\ufe0f'],
      ['tags', '\u{e0041}\u{e007f}'],
      ['an accent alone', '\u0301'],
      ['a line separator', 'Ada\u2028Lovelace'],
      ['a paragraph separator', 'Ada\u2029Lovelace'],
      ['the next line of EBCDIC', 'Ada\u0085Lovelace'],
      ['a line break', 'Ada\nLovelace'],
      ['a text turned around', 'Ada \u202efdp.exe'],
      ['an isolate', '\u2067Ada\u2069'],
      ['a mark of direction', 'Ada\u200f'],
      ['a mark of Arabic letters', '\u061cAda'],
    ] as const) {
      t.notOk(isName(name), what)
      for (const [url, body, path] of [
        ['/api/campaigns', { name }, 'body.name'],
        [
          '/api/campaigns',
          { name: 'x', questions: [{ prompt: '\u200b', kind: 'text' }] },
          'body.questions.0.prompt',
        ],
        ['/api/candidates', { name, email: 'ada@example.com' }, 'body.name'],
        ['/api/keys', { name }, 'body.name'],
      ] as const) {
        const answer = await call('POST', url, { headers, body })
        t.match(answer, { status: 400, body: { error: { details: [{ path }] } } }, `${what} at ${url}`)
        t.match(answer.body.error.message, /visible/)
      }
    }
    t.match(await call('PATCH', '/api/organization', { headers, body: { name: '\u3164' } }), { status: 400 })
    const signup = {
      email: 'x@example.com',
      password: 'a long password',
      name: 'X',
      organizationName: '\u202eX',
    }
    t.match(await call('POST', '/api/auth/signup', { body: signup }), { status: 400 })
  })

  t.test('names of all people are taken', async (t) => {
    for (const name of [
      'Łukasz Żółć',
      'O’Brien-Smith, Jr.',
      'نرگس می‌آید',
      'שרה לוי',
      'नरेन्द्र',
      '李小龍',
      'ㅎㅎ',
      'e\u0301milie',
      '👩‍🚀',
      '🎉',
      '#1',
      '...',
    ]) {
      t.ok(isName(name), name)
    }
    const { status, body } = await call('POST', '/api/campaigns', { headers, body: { name: 'نرگس می‌آید' } })
    t.match({ status, name: body.name }, { status: 201, name: 'نرگس می‌آید' })
  })

  t.test('a file whose name shows nothing gets one', async (t) => {
    t.equal(displayName('\u200b\u2066\u3164', 'pdf'), 'file.pdf')
    t.equal(displayName('CV\u202efdp.exe', 'pdf'), 'CVfdp.exe')
  })
})
