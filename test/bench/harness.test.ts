import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { type Candidate, duel } from '../../bench/harness/duel.ts'
import { startLoadGenerator } from '../../bench/harness/load.ts'
import { startServer } from '../../bench/harness/process.ts'
import { shapeOf } from '../../bench/harness/shape.ts'
import { spreadOf } from '../../bench/harness/stats.ts'

const pace = { rounds: 2, seconds: 0.3, warmUpSeconds: 0.3 }
const generator = startLoadGenerator()
t.teardown(() => generator.stop())

const fortyRequests = { paths: ['/'], headers: [{}], connections: 4, until: { requests: 40 } } as const

async function candidate(name: string, answer: RequestListener): Promise<Candidate> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { name, url: `http://127.0.0.1:${port}`, path: '/', headers: [{ 'x-api-key': name }] }
}

function sends(body: unknown): RequestListener {
  return (_request, response) => response.end(JSON.stringify(body))
}

t.test('a spread is the median between the least and the greatest value', async (t) => {
  t.same(spreadOf([3, 1, 2]), { median: 2, low: 1, high: 3 })
  t.same(spreadOf([4, 1, 2, 3]), { median: 2.5, low: 1, high: 4 })
  t.throws(() => spreadOf([]), RangeError)
})

t.test('a shape is field names and types in any order, not values', async (t) => {
  t.equal(shapeOf({ b: [1, null], a: 'x' }), '{a:string,b:[number,null]}')
  t.equal(shapeOf({ a: 'y', b: [2, null] }), shapeOf({ b: [1, null], a: 'x' }))
})

t.test('two alike candidates are compared within each round', async (t) => {
  const result = await duel(
    generator,
    [await candidate('one', sends({ id: 1 })), await candidate('two', sends({ id: 2 }))],
    pace,
  )
  t.ok(result.ratio.low <= result.ratio.median && result.ratio.median <= result.ratio.high)
  t.ok(result.perSecond.every(({ low }) => low > 0))
})

t.test('every connection sends the headers of its turn', async (t) => {
  const seen = new Set<unknown>()
  const counting = await candidate('counting', (request, response) => {
    seen.add(request.headers['x-api-key'])
    response.end('{}')
  })
  await generator.run({
    url: counting.url,
    paths: ['/a', '/b'],
    headers: [{ 'x-api-key': 'one' }, { 'x-api-key': 'two' }],
    connections: 4,
    until: { requests: 40 },
  })
  t.same([...seen].sort(), ['one', 'two'])
})

t.test('another shape ends the comparison', async (t) => {
  const pair = [
    await candidate('full', sends({ rows: [{ id: 1 }] })),
    await candidate('empty', sends({ rows: [] })),
  ] as const
  await t.rejects(duel(generator, pair, pace), /full and empty do not answer alike/)
})

t.test('a single refusal under load ends the comparison', async (t) => {
  let answered = 0
  const failing = await candidate('failing', (_request, response) => {
    // Of the connections' first ones: however slow the machine, so many are asked.
    if (++answered === 20) response.statusCode = 503
    response.end('{}')
  })
  await t.rejects(
    duel(generator, [await candidate('well', sends({})), failing], pace),
    /another status.*200, 503/,
  )
})

t.test('shorter answers under load than in the warm-up end the comparison', async (t) => {
  // The second candidate is loaded for the first time when the first one's warm-up is over.
  let asked = 0
  const slack = await candidate('slack', (_request, response) => {
    response.end(JSON.stringify({ text: asked > 1 ? '' : 'x'.repeat(500) }))
  })
  const well = await candidate('well', (_request, response) => {
    asked++
    response.end(JSON.stringify({ text: 'y'.repeat(500) }))
  })
  await t.rejects(duel(generator, [slack, well], pace), /slack: .* bytes an answer, after .* in the warm-up/)
})

t.test('answers of any size are counted, however they arrive', async (t) => {
  const body = 'z'.repeat(300_000)
  const large = await candidate('large', (_request, response) => {
    response.writeHead(200, { 'content-length': body.length })
    // The head alone, then the body in two pieces.
    response.flushHeaders()
    response.write(body.slice(0, 1000))
    setImmediate(() => response.end(body.slice(1000)))
  })
  const result = await generator.run({ ...fortyRequests, url: large.url })
  t.match(result, { requests: 40, refused: 0, errors: 0, statuses: ['200'] })
  t.ok(result.bytesEach > body.length && result.bytesEach < body.length + 1000, `${result.bytesEach} bytes`)
  t.ok(result.p50Ms > 0 && result.p50Ms <= result.p99Ms)
})

t.test('what can not be counted ends the comparison', async (t) => {
  const chunked = await candidate('chunked', (_request, response) => {
    response.write('{')
    response.end('}')
  })
  await t.rejects(generator.run({ ...fortyRequests, url: chunked.url }), /without Content-Length/)
  const cut = await candidate('cut', (request) => request.socket.destroy())
  await t.rejects(
    generator.run({ ...fortyRequests, url: cut.url }),
    /0 answers of 2xx, 0 of another status, 4 missing/,
  )
})

t.test('the load goes to the loopback alone', async (t) => {
  const load = {
    url: 'http://example.com',
    paths: ['/'],
    headers: [{}],
    connections: 1,
    until: { requests: 1 },
  }
  await t.rejects(generator.run(load), /not on the loopback/)
})

t.test('a server whose port was taken before it listened is started on another', async (t) => {
  const folder = t.testdir({
    'server.cjs': `
      const { existsSync, writeFileSync } = require('node:fs')
      if (!existsSync('${t.testdirName}/tried')) {
        writeFileSync('${t.testdirName}/tried', '')
        throw new Error('listen EADDRINUSE: address already in use')
      }
      require('node:http').createServer((_, response) => response.end('ready')).listen(process.env.PORT, '127.0.0.1')`,
    'broken.cjs': `throw new Error('of another kind')`,
  })
  const scriptOf = (name: string) => pathToFileURL(`${folder}/${name}`)
  const server = await startServer({ script: scriptOf('server.cjs'), env: {}, readyPath: '/' })
  t.equal(await (await fetch(server.url)).text(), 'ready')
  await server.stop()
  await t.rejects(startServer({ script: scriptOf('broken.cjs'), env: {}, readyPath: '/' }), /of another kind/)
})
