import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'

const head = (lines: string[]) => `${[...lines, 'host: anteroom.invalid', '', ''].join('\r\n')}`

/** Sends the parts one after another, each once the one before has been answered or read. @returns all that came back */
function exchange(port: number, parts: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const left = [...parts]
    let received = ''
    const sendNext = () => {
      const part = left.shift()
      if (part !== undefined) socket.write(part)
    }
    socket.on('connect', sendNext)
    socket.on('data', (bytes) => {
      received += bytes
      sendNext()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
  })
}

function statusesIn(received: string): string[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)
}

async function listening(t: Test): Promise<{ port: number; auth: string }> {
  const server = await testApp(t)
  const { port } = new URL(await server.app.listen({ port: 0, host: '127.0.0.1' }))
  const { auth } = await server.tenant()
  return { port: Number(port), auth: `authorization: ${auth.authorization}` }
}

// A second answer would be taken for one to the next request of the connection, which may be somebody else's.
t.test(
  'a request that has its answer gets no second one when its body turns out to be malformed',
  async (t) => {
    const { port, auth } = await listening(t)
    for (const method of ['GET', 'HEAD']) {
      for (const body of ['ZZZ\r\n', '5\r\nhelloXX']) {
        const request = head([`${method} /api/whoami HTTP/1.1`, auth, 'transfer-encoding: chunked'])
        t.strictSame(statusesIn(await exchange(port, [request, body])), ['200'], `${method} ${body}`)
      }
    }
    const refused = head(['POST /api/keys HTTP/1.1', 'transfer-encoding: chunked'])
    t.strictSame(statusesIn(await exchange(port, [refused, 'ZZZ\r\n'])), ['401'])
  },
)

t.test('a malformed body that nobody has answered yet is refused with 400, once', async (t) => {
  const { port, auth } = await listening(t)
  const request = head([
    'POST /api/keys HTTP/1.1',
    auth,
    'content-type: application/json',
    'transfer-encoding: chunked',
  ])
  t.strictSame(statusesIn(await exchange(port, [`${request}ZZZ\r\n`])), ['400'])
})

t.test('what follows a request and is none is refused after the answer to the request', async (t) => {
  const { port, auth } = await listening(t)
  for (const method of ['GET', 'HEAD']) {
    const request = head([`${method} /api/whoami HTTP/1.1`, auth])
    t.strictSame(statusesIn(await exchange(port, [`${request}GARBAGE\r\n\r\n`])), ['200', '400'], 'at once')
    t.strictSame(statusesIn(await exchange(port, [request, 'GARBAGE\r\n\r\n'])), ['200', '400'], 'later')
  }
})
