import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { Sender } from '../../operations/webhooks/send.ts'
import { newWebhookSecret } from '../../operations/webhooks/signature.ts'
import { targetRules } from '../../operations/webhooks/targets.ts'
import { testApp } from '../support/app.ts'
import { testWorker } from '../support/mail.ts'
import { until } from '../support/until.ts'

/** A host's text, and what it stands for. */
const inside = {
  loopback: [
    '127.0.0.1',
    '127.255.255.254',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '１２７.0.0.1',
    '127。0。0。1',
  ],
  unspecified: ['0.0.0.0', '0', '[::]'],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '3232235777',
    '0xc0a80101',
    '012.0.0.1',
  ],
  'link-local and metadata': [
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '[fe80::1]',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
  ],
  mapped: [
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:169.254.169.254]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
  ],
  'NAT64, 6to4, Teredo': [
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001::7f00:1]',
  ],
  'of no one': [
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.88.99.1',
    '[fc00::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[100::1]',
    '[4000::1]',
    '[3fff::1]',
    '[5f00::1]',
  ],
  names: [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    'printer.local',
    'metadata.google.internal',
    'db',
    'router.home.arpa',
  ],
} as const
const outside = [
  '93.184.216.34',
  '[2606:2800:220:1:248:1893:25c8:1946]',
  'example.com',
  'hooks.example.co.uk',
  '1.1.1.1',
]

t.test('the text of a URL', async (t) => {
  const sandbox = targetRules('sandbox', [])
  for (const [kind, hosts] of Object.entries(inside))
    t.test(kind, async (t) => {
      for (const host of hosts) {
        t.match(sandbox.refusalOf(`http://${host}/hook`), /must lead to a public address/, host)
        t.match(sandbox.refusalOf(`https://${host}:8443/hook`), /must lead to a public address/, host)
      }
    })
  for (const host of outside) t.equal(sandbox.refusalOf(`https://${host}/hook`), null, host)
  const production = targetRules('production', [])
  t.equal(sandbox.refusalOf('http://example.com/'), null)
  t.match(production.refusalOf('http://example.com/'), 'must begin with https://')
  for (const scheme of ['ftp', 'file', 'gopher', 'ws', 'javascript', 'data'])
    t.match(sandbox.refusalOf(`${scheme}://example.com/`), 'must begin with', scheme)
  for (const text of ['', 'hook', '//example.com/x', 'http://', 'http://256.1.1.1/', 'http://[::1/'])
    t.match(sandbox.refusalOf(text), 'must be an absolute URL', text)
  for (const userinfo of ['user:secret@', 'user@', ':secret@'])
    t.match(sandbox.refusalOf(`https://${userinfo}example.com/`), 'must not carry a user name', userinfo)
})

t.test('the operator may allow more, and only that', async (t) => {
  const rules = targetRules('sandbox', ['10.1.0.0/16', '127.0.0.1', 'fd00::/8'])
  for (const host of ['10.1.2.3', '127.0.0.1', '[::ffff:127.0.0.1]', '[fd12::1]', 'localhost', 'receiver'])
    t.equal(rules.refusalOf(`http://${host}/`), null, host)
  for (const host of ['10.2.0.1', '127.0.0.2', '[::1]', '[fe80::1]'])
    t.match(rules.refusalOf(`http://${host}/`), 'must lead to a public address', host)
  t.ok(rules.allows('127.0.0.1') && rules.allows('::ffff:127.0.0.1'))
  for (const address of ['127.0.0.2', '::1', 'fe80::1%eth0', 'localhost', ''])
    t.notOk(rules.allows(address), address)
})

/** A listener on both loopbacks that notes every connection. */
async function trap(t: Test): Promise<{ port: number; touched: () => number }> {
  let touched = 0
  const listeners: Server[] = []
  let port = 0
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => {
      touched += 1
      socket.destroy()
    })
    // A machine without IPv6 has one loopback, and there somebody else may have the port.
    const listens = await new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true)).once('error', () => resolve(false))
      server.listen(port, host)
    })
    if (!listens) continue
    port = (server.address() as AddressInfo).port
    listeners.push(server)
  }
  t.teardown(() => {
    for (const server of listeners) server.close()
  })
  return { port, touched: () => touched }
}

const secrets = [{ secret: newWebhookSecret(), until: null }]
const message = { id: 'evt_1', body: Buffer.from('{}') }

t.test('no byte reaches an address that is not public, whatever led there', async (t) => {
  const { port, touched } = await trap(t)
  // None of these is a name to ask name servers for.
  const literal = new Sender(targetRules('sandbox', []), {
    resolve: async (name) => {
      throw new Error(`asked for ${name}`)
    },
  })
  t.teardown(() => literal.close())
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    'localhost',
    'app.localhost',
  ])
    for (const scheme of ['http', 'https']) {
      const outcome = await literal.send(`${scheme}://${host}:${port}/`, message, secrets)
      t.match(
        outcome,
        { status: null, error: /^not a public address: / },
        `${scheme} ${host}: ${outcome?.error}`,
      )
    }

  for (const found of [
    ['127.0.0.1'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254', '127.0.0.1'],
    ['64:ff9b::7f00:1'],
    [],
  ]) {
    const named = new Sender(targetRules('sandbox', []), { resolve: async () => found })
    const outcome = await named.send(`http://rebinding.example.com:${port}/`, message, secrets)
    t.match(outcome?.error, 'not a public address: rebinding.example.com leads to', found.join(' '))
    await named.close()
  }
  t.equal(touched(), 0)
})

t.test(
  'a name that changes its mind is asked once a connection, and what it said is checked and used',
  async (t) => {
    const { port, touched } = await trap(t)
    let asked = 0
    const answers = [['127.0.0.2'], ['127.0.0.1']]
    const resolve = async () => {
      asked += 1
      return answers[asked - 1] ?? ['127.0.0.1']
    }
    const sender = new Sender(targetRules('sandbox', ['127.0.0.2']), { resolve })
    t.teardown(() => sender.close())
    // Nobody listens at 127.0.0.2: the answer is not asked for again to find another place.
    t.match(await sender.send(`http://flipping.example.com:${port}/`, message, secrets), {
      error: 'connection refused',
    })
    t.equal(asked, 1)
    t.match(
      (await sender.send(`http://flipping.example.com:${port}/`, message, secrets))?.error,
      'not a public address',
    )
    t.equal(asked, 2)
    t.equal(touched(), 0)
  },
)

t.test('proxies that the environment names are passed by', async (t) => {
  const { port, touched } = await trap(t)
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
  const before = names.map((name) => process.env[name])
  for (const name of names)
    process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${port}`
  t.teardown(() => {
    for (const [index, name] of names.entries()) {
      if (before[index] === undefined) delete process.env[name]
      else process.env[name] = before[index]
    }
  })
  const sender = new Sender(targetRules('sandbox', ['127.0.0.3']), { resolve: async () => ['127.0.0.3'] })
  t.teardown(() => sender.close())
  t.match(await sender.send(`http://somewhere.example.com:${port}/`, message, secrets), {
    error: 'connection refused',
  })
  t.equal(touched(), 0)
})

t.test('at creation and at change, and when it was there before', async (t) => {
  const { port, touched } = await trap(t)
  const server = await testApp(t)
  await testWorker(t, server)
  const { call } = server
  const { auth, organizationId } = await server.tenant()
  const create = (url: string) =>
    call('POST', '/api/webhooks', { headers: auth, body: { url, events: ['*'] } })
  for (const host of Object.values(inside)
    .flat()
    .filter((host) => !/[^\x20-\x7e]/.test(host))) {
    const { status, body } = await create(`http://${host}:${port}/`)
    t.equal(status, 400, host)
    t.equal(body.error.details[0].path, 'body.url')
  }
  const { body: webhook } = await create('https://hooks.example.com/')
  const change = await call('PATCH', `/api/webhooks/${webhook.id}`, {
    headers: auth,
    body: { url: `http://localhost:${port}/` },
  })
  t.equal(change.status, 400)
  // As after a change of the operator's mind about what is allowed.
  await server.app.database`
    update webhooks set url = ${`http://127.0.0.1:${port}/`} where organization_id = ${organizationId}`
  const { body: test } = await call('POST', `/api/webhooks/${webhook.id}/test`, { headers: auth })
  let delivery = test
  await until(async () => {
    delivery = (await call('GET', `/api/deliveries/${test.id}`, { headers: auth })).body
    return delivery.attempt > 0
  }, 'the attempt')
  t.match(delivery, { state: 'pending', status: null, error: 'not a public address: 127.0.0.1' })
  t.equal(touched(), 0)
})
