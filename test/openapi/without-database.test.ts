import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

t.test('the OpenAPI document is written without a database', async (t) => {
  let sockets = 0
  subscribe('net.client.socket', () => {
    sockets++
  })
  const file = path.join(t.testdir({}), 'openapi.json')
  process.argv[2] = file
  await import('../../bin/openapi.ts')
  const document = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, unknown> }
  t.ok(
    document.paths['/api/v1/whoami'] ?? Object.keys(document.paths).find((each) => each.endsWith('/whoami')),
  )
  t.equal(sockets, 0, 'no connection was tried')
})
