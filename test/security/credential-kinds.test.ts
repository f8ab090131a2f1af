import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { environmentOf } from '../../config/environment.ts'
import {
  containsCredential,
  credentialPrefixes,
  generateCredential,
  parseCredential,
  redactCredentials,
} from '../../credentials/format.ts'
import { allCredentialTypes, claimedKind, credentialTypes } from '../../credentials/types.ts'
import { credentialsOf, requestCredentials } from '../../operations/credentials/registry.ts'
import { testApp } from '../support/app.ts'

// A kind of credential that one of these places forgets would be logged, cached by proxies or answered with 500.

t.test(
  'what a request may present, and nothing else, is resolved, revalidated and turned into an actor',
  (t) => {
    const presentable = allCredentialTypes
      .filter(([, type]) => type.presentedIn.length > 0)
      .map(([kind]) => kind)
    t.same(Object.keys(requestCredentials).sort(), presentable.sort())
    const locked = new Set(Object.values(credentialsOf).flat())
    t.same([...locked].sort(), presentable, 'a write locks the rows of each')
    const noneOf = Object.entries(credentialsOf).filter(([, kinds]) => kinds.length === 0)
    t.same(
      noneOf.map(([type]) => type),
      ['oauth', 'operator'],
      'nobody else acts without a credential',
    )
    t.end()
  },
)

t.test('types of credentials are told apart by how they begin', (t) => {
  for (const [kind, { family, prefixes }] of allCredentialTypes) {
    for (const prefix of prefixes) {
      t.ok(prefix.startsWith(family), prefix)
      t.equal(claimedKind(`${prefix}cut`), kind)
    }
    const others = allCredentialTypes.filter(([other]) => other !== kind)
    t.notOk(
      others.some(([, other]) => family.startsWith(other.family)),
      family,
    )
  }
  const issued = (['sandbox', 'production'] as const).flatMap((name) => environmentOf(name).stages)
  t.same(issued.map(({ prefix }) => prefix).sort(), [...credentialTypes.apiKey.prefixes].sort())
  t.end()
})

t.test('the docs describe every type of credential', (t) => {
  const page = readFileSync('docs/security.md', 'utf8')
  for (const [kind, { name, prefixes }] of allCredentialTypes) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${name} `))
    t.ok(row, `docs/security.md has a row for the ${name} (${kind})`)
    for (const prefix of prefixes) t.match(row, `\`${prefix}…\``)
  }
  t.end()
})

t.test('logs keep the prefix of every kind of credential, and no more', async (t) => {
  for (const prefix of credentialPrefixes) {
    const credential = generateCredential(prefix)
    t.match(parseCredential(credential.text), { prefix, secret: credential.secret })
    const line = `GET /x/${credential.text}/y "agent ${credential.text}"`
    t.ok(containsCredential(line), prefix)
    t.equal(redactCredentials(line), `GET /x/${prefix}[redacted]/y "agent ${prefix}[redacted]"`)
  }
})

t.test(
  'every kind of credential is refused in a URL, refused where nobody issued it, and kept by no log',
  async (t) => {
    const server = await testApp(t)
    const base = await server.listen()
    const { auth, accessToken } = await server.tenant()
    const ask = async (path: string, headers: Record<string, string>) => {
      const sent = request(`${base}${path}`, { headers }).end()
      const [response] = await once(sent, 'response')
      return { status: response.statusCode as number, body: JSON.parse(await text(response)) }
    }
    for (const prefix of credentialPrefixes) {
      const { text: credential, secret } = generateCredential(prefix)
      for (const path of [`/api/whoami?key=${credential}`, `/api/${credential}`]) {
        const inUrl = await ask(path, auth)
        t.equal(inUrl.status, 400, `${path} with ${prefix}`)
        t.notMatch(JSON.stringify(inUrl.body), secret)
      }
      for (const headers of [
        { authorization: `Bearer ${credential}` },
        { 'x-api-key': credential, authorization: `Bearer ${accessToken}` },
        { cookie: `anteroom_session=${credential}` },
      ]) {
        const refused = await ask('/api/whoami', { ...headers, 'user-agent': credential })
        t.equal(refused.status, 401, `${Object.keys(headers)[0]} with ${prefix}`)
        t.notMatch(JSON.stringify(refused.body), secret)
      }
    }
    await server.app.accessLog.flush()
    const rows = await server.app.database<
      { row: string }[]
    >`select access_logs::text as row from access_logs`
    t.ok(rows.length >= credentialPrefixes.length * 5)
    for (const { row } of rows) t.notOk(containsCredential(row), row)
  },
)
