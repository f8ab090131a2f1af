import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { type CsvRow, readCandidates } from '../../operations/invite-bulks/csv/candidates.ts'
import { isName } from '../../schemas/visible-text.ts'
import { linksFile } from '../../web/dashboard/app/links-file.ts'

const read = (text: string | Buffer) => readCandidates(Buffer.from(text))
const ada = { email: 'ada@example.com', name: 'Ada' }
const row = (number: number, candidate: { email: string; name: string }) => {
  return { row: number, email: candidate.email, candidate }
}
const exported = async (name: string) =>
  readCandidates(await readFile(new URL(`./exports/${name}`, import.meta.url)))
const brief = (rows: readonly CsvRow[]) =>
  rows.map((line) => ('candidate' in line ? [line.row, line.candidate] : [line.row, line.error.message]))

t.test('the same table in every form of CSV', async (t) => {
  for (const [what, text] of [
    ['plain', 'email,name\nada@example.com,Ada\n'],
    ['in any order and case', 'NAME,E-Mail\nAda,ada@example.com'],
    ['with a byte order mark', '\ufeffemail,name\nada@example.com,Ada\n'],
    ['with CRLF', 'email,name\r\nada@example.com,Ada\r\n'],
    ['with CR', 'email,name\rada@example.com,Ada\r'],
    ['quoted', '"email","name"\n"ada@example.com","Ada"\n'],
    ['with blanks', ' email , name \n ada@example.com , Ada \n\n , \n'],
    ['with semicolons', 'email;name\nada@example.com;Ada\n'],
    ['with tabs', 'email\tname\nada@example.com\tAda\n'],
    ['with an empty column', 'email,name,phone\nada@example.com,Ada,\n'],
    ['with trailing empty columns', 'email,name,,\nada@example.com,Ada,,\n'],
    ['with trailing empty cells', 'email,name\nada@example.com,Ada,,,\n'],
    ['with a row shorter than the header', 'email,name,phone,Team\nada@example.com,Ada\n'],
    ['with sep=', 'sep=;\nemail;name\nada@example.com;Ada\n'],
    ['with sep= and a byte order mark', '\ufeffsep=|\r\nemail|name\r\nada@example.com|Ada\r\n'],
    ['with commas in semicolons', 'email;name;"Team, city, country"\nada@example.com;Ada;\n'],
    ['with semicolons in commas', 'email,name,"a;b;c;d;e"\nada@example.com,Ada,\n'],
    ['in UTF-16', Buffer.from('\ufeffemail\tname\r\nada@example.com\tAda\r\n', 'utf16le')],
    ['in UTF-16, big end first', Buffer.from('\ufeffemail,name\nada@example.com,Ada', 'utf16le').swap16()],
    ['in UTF-16 without a mark', Buffer.from('email,name\nada@example.com,Ada', 'utf16le')],
    ['with the name in two columns', 'First name,email,Last name\nAda,ada@example.com,\n'],
  ] as const) {
    t.same(read(text), [row(2, ada)], what)
  }
})

t.test('files as spreadsheets and applicant tracking systems export them', async (t) => {
  t.same(brief(await exported('excel-german.csv')), [
    [
      2,
      {
        email: 'juergen@example.com',
        name: 'Jürgen Müßig',
        metadata: { 'Team, Standort': 'Vertrieb, Köln', Telefon: '+49 221 1' },
      },
    ],
    [
      3,
      {
        email: 'zoe@example.com',
        name: 'Zoë Ångström – Œuvre',
        metadata: { 'Team, Standort': 'Einkauf' },
      },
    ],
    [
      5,
      {
        email: 'jose@example.com',
        name: 'Nuñez, José',
        metadata: { 'Team, Standort': '"Nacht" Schicht' },
      },
    ],
  ])
  t.same(brief(await exported('excel-unicode-text.txt')), [
    [2, { email: 'lukasz@example.com', name: 'Łukasz Żółć', metadata: { Team: 'Sales, "EMEA"' } }],
    [3, { email: 'ivan@example.com', name: 'Иван Петров' }],
  ])
  t.same(brief(await exported('excel-utf8.csv')), [
    [2, { email: 'lukasz@example.com', name: 'Łukasz Żółć', metadata: { 'Start date': '01.02.2026' } }],
    [3, ada],
  ])
  t.same(brief(await exported('google-sheets.csv')), [
    [
      2,
      {
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        metadata: { Notes: 'Two lines:\nhere, and "there"' },
      },
    ],
    [4, { email: 'grace@example.com', name: 'Grace Hopper' }],
    [5, { email: 'alan@example.com', name: 'Alan Turing', metadata: { Notes: 'No comma here' } }],
  ])
  t.same(brief(await exported('numbers.csv')), [
    [3, { email: 'ada@example.com', name: 'Ada Lovelace', phone: '+44 1' }],
    [5, { email: 'grace@example.com', name: 'Grace Hopper' }],
  ])
  t.match(brief(await exported('greenhouse.csv')), [
    [
      2,
      {
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        phone: '+44 20 1',
        metadata: { 'Candidate ID': '1546130668394913822', Tags: 'math, "early" bird' },
      },
    ],
    [3, { email: 'huong@example.com', name: 'Đặng Thị Hương' }],
  ])
  t.match(brief(await exported('lever.csv')), [
    [2, { email: 'ada@example.com', name: 'Ada Lovelace', metadata: { Sources: 'Website, Referral' } }],
    [
      3,
      {
        email: 'grace@example.com',
        name: 'Grace Hopper',
        phone: '+1 555 0100',
        metadata: { Notes: 'First line\n\nThird line' },
      },
    ],
  ])
})

t.test('a stray quotation mark refuses only its row', async (t) => {
  const others = [
    row(2, { email: 'a@example.com', name: 'A' }),
    row(4, { email: 'c@example.com', name: 'C' }),
  ]
  for (const [what, line] of [
    ['within a cell', 'b@example.com,Bob "the builder" B'],
    ['after a quoted cell', 'b@example.com,"Bob"by'],
    ['at the end of a cell', 'b@example.com,Bob"'],
    ['before a cell', 'b@example.com,"Bob'],
  ] as const) {
    for (const [after, tail] of [
      ['', 'c@example.com,C'],
      [', before a quoted row', '"c@example.com","C"'],
      [', before another one', 'c@example.com,C\nd@example.com,D"'],
    ] as const) {
      const rows = read(`email,name\na@example.com,A\n${line}\n${tail}\n`)
      t.same([rows[0], rows[2]], others, what + after)
      t.match(rows[1], {
        row: 3,
        email: 'b@example.com',
        error: { code: 'BAD_REQUEST', message: /^Row 3 .*stray/ },
      })
    }
  }
  const many = read(`email,name\n${'x@example.com,"X\n'.repeat(999)}y@example.com,Y\n`)
  t.equal(many.length, 1000)
  t.equal(many.filter((line) => 'error' in line).length, 999)
})

t.test('rows are numbered as the spreadsheet does, and tell the address', async (t) => {
  const rows = read(
    'email,name\n\nno address,X\nx@example.com\n,Y\n,,\nx@example.com,X\nX@example.com,Again\nz@example.com,Z,over\n',
  )
  t.match(rows, [
    { row: 3, email: 'no address', error: { message: 'Row 3 email is no e-mail address' } },
    { row: 4, email: 'x@example.com', error: { message: 'Row 4 has no name' } },
    { row: 5, email: null, error: { message: 'Row 5 has no email' } },
    { row: 7, candidate: { name: 'X' } },
    { row: 8, email: 'X@example.com', error: { code: 'CONFLICT', message: /of row 7/ } },
    {
      row: 9,
      email: 'z@example.com',
      error: { message: 'Row 9 has a value in column 3, which has no title' },
    },
  ])
  t.equal(rows.length, 6)
})

t.test('titles that objects have already are kept, and __proto__ is refused', async (t) => {
  const [first] = read('email,name,constructor,toString\nada@example.com,Ada,x,y\n')
  t.same(first && 'candidate' in first && Object.entries(first.candidate.metadata ?? {}), [
    ['constructor', 'x'],
    ['toString', 'y'],
  ])
  t.throws(() => read('email,name,__proto__\nada@example.com,Ada,x\n'), { message: /__proto__/ })
})

t.test('what is no table of candidates is refused whole', async (t) => {
  for (const [text, message] of [
    ['', /is empty/],
    ['email,name', /has no row/],
    ['name\nAda', /has no column email/],
    ['email\nada@example.com', /has no column name/],
    ['email,first name\nada@example.com,Ada', /has no column name/],
    ['email,name,email\na,b,c', /two columns email/],
    [`email,name\n${'a@b.example,A\n'.repeat(1001)}`, /more than 1000 rows/],
    ['email,name,a\u0000b\nada@example.com,Ada,c', /U\+0000/],
    [Buffer.from([0xff, 0xfe, 0x65]), /UTF-16/],
    [Buffer.from('\ufeffemail,name\nada@example.com,\xff', 'latin1'), /has no column email/],
    [Buffer.concat([Buffer.from('\ufeffemail,name\na@example.com,'), Buffer.from([0xff])]), /whole UTF-8/],
    [Buffer.from('email,name\nada@example.com,A\x81da', 'latin1'), /neither UTF-8, UTF-16 nor Windows-1252/],
    // Łukasz in Windows-1250, Иван in Windows-1251.
    [
      Buffer.from('email,name\nada@example.com,\xa3ukasz', 'latin1'),
      /neither UTF-8, UTF-16 nor Windows-1252/,
    ],
    [Buffer.from('email,name\nada@example.com,\xc8\xe2\xe0\xed', 'latin1'), /neither UTF-8/],
  ] as const) {
    t.throws(() => read(text as string), { code: 'BAD_REQUEST', message })
  }
})

t.test('whatever stands in the cells comes out as it was, row by row', async () => {
  const cell = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  const clean = (text: string) => text.replace(/\p{Cc}/gu, '').trim()
  // A row with a name that the rule for names refuses is refused.
  const nameFrom = (text: string) => (isName(clean(text)) ? clean(text) : 'x')
  const quote = (text: string, delimiter: string) =>
    /["\r\n]|^\s|\s$/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }),
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom<BufferEncoding>('utf8', 'utf16le'),
      (people, end, delimiter, encoding) => {
        const rows = people.map(([name, team], index) => {
          return { email: `p${index}@example.com`, name: nameFrom(name), team: clean(team) || 'x' }
        })
        const lines = rows.map(({ email, name, team }) =>
          [team, email, name].map((text) => quote(text, delimiter)),
        )
        const text = [['Team', 'email', 'name'], ...lines].map((cells) => cells.join(delimiter)).join(end)
        const expected = rows.map(({ email, name, team }, index) => ({
          ...row(index + 2, { email, name }),
          candidate: { email, name, metadata: { Team: team } },
        }))
        const got = readCandidates(Buffer.from(`\ufeff${text}`, encoding))
        if (JSON.stringify(sorted(got)) !== JSON.stringify(sorted(expected))) {
          throw new Error(`${JSON.stringify(got)} instead of ${JSON.stringify(expected)}`)
        }
      },
    ),
    { numRuns: 200 },
  )
})

t.test('the links file of the dashboard names row and address, and runs no formula', async (t) => {
  const link = { inviteId: 'inv_1', url: 'https://anteroom.example/interview#inv_a' }
  t.equal(
    linksFile([
      { row: 2, email: 'ada@example.com', ...link },
      { row: 4, email: '=cmd|x!a@example.com', ...link },
      { row: 5, email: '"a,b"@example.com', ...link },
    ]),
    [
      'row,email,inviteId,url',
      '2,ada@example.com,inv_1,https://anteroom.example/interview#inv_a',
      "4,'=cmd|x!a@example.com,inv_1,https://anteroom.example/interview#inv_a",
      '5,"""a,b""@example.com",inv_1,https://anteroom.example/interview#inv_a',
    ].join('\r\n'),
  )
})

/** The same value with the fields of each object in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
