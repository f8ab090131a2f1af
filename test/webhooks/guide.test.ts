import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { newWebhookSecret, signatureHeaders } from '../../operations/webhooks/signature.ts'

const guide = readFileSync('docs/webhooks.md', 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'anteroom-guide-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** A code block of the guide. */
function block(language: string, holding: string): string {
  const blocks = [...guide.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
  const found = blocks.find((match) => match[1] === language && match[2]?.includes(holding))
  if (!found) throw new Error(`the guide has no ${language} with ${holding}`)
  return found[2] as string
}

const body = JSON.stringify({ id: 'evt_1', type: 'webhook.test', data: { name: 'Zoë' } })
const [secret, older, foreign] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()]
const sign = (secrets: string[], at: number) =>
  signatureHeaders(
    'evt_1',
    Buffer.from(body),
    secrets.map((text) => ({ secret: text, until: null })),
    at,
  )
const good = sign([secret], Date.now())
const cases = [
  { what: 'as it was sent', headers: good, body, right: true },
  { what: 'signed with two secrets', headers: sign([older, secret], Date.now()), body, right: true },
  { what: 'a changed body', headers: good, body: `${body} `, right: false },
  { what: 'a foreign secret', headers: sign([foreign], Date.now()), body, right: false },
  { what: 'an old timestamp', headers: sign([secret], Date.now() - 600_000), body, right: false },
  { what: 'a time to come', headers: sign([secret], Date.now() + 600_000), body, right: false },
  {
    what: 'another version',
    headers: { ...good, 'webhook-signature': good['webhook-signature'].replace('v1', 'v2') },
    body,
    right: false,
  },
  { what: 'a broken timestamp', headers: { ...good, 'webhook-timestamp': 'soon' }, body, right: false },
]

t.test('Node', async (t) => {
  const file = join(folder, 'verify.mjs')
  writeFileSync(file, block('js', 'timingSafeEqual'))
  const { verify } = await import(pathToFileURL(file).href)
  for (const { what, headers, body, right } of cases) t.equal(verify(secret, headers, body), right, what)
})

const runners = [
  {
    language: 'python',
    command: 'python3',
    args: ['-c'],
    program: `\nimport json, sys\nfor c in json.load(sys.stdin): print(json.dumps(verify(c["secret"], c["headers"], c["body"].encode())))`,
    holding: 'compare_digest',
  },
  {
    language: 'ruby',
    command: 'ruby',
    args: ['-e'],
    program: `\nrequire 'json'\nJSON.parse(STDIN.read).each { |c| puts verify(c['secret'], c['headers'], c['body']) }`,
    holding: 'secure_compare',
  },
  {
    language: 'php',
    command: 'php',
    args: ['-r'],
    program: `\nforeach (json_decode(file_get_contents('php://stdin'), true) as $c) echo json_encode(verify($c['secret'], $c['headers'], $c['body'])), "\\n";`,
    holding: 'hash_equals',
  },
] as const

for (const { language, command, args, program, holding } of runners)
  t.test(language, async (t) => {
    if (spawnSync(command, ['--version']).status !== 0) return t.comment(`there is no ${command} here`)
    const code = block(language, holding).replace('<?php', '') + program
    const input = JSON.stringify(cases.map((entry) => ({ ...entry, secret })))
    const lines = execFileSync(command, [...args, code], { input, encoding: 'utf8' })
      .trim()
      .split('\n')
    for (const [index, { what, right }] of cases.entries()) t.equal(lines[index], String(right), what)
  })
