import { readFileSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import t from 'tap'
import { KNOWN_DRIVER } from '../../db/driver-guards.ts'
import manifest from '../../package.json' with { type: 'json' }
import { securedResponse } from '../../plugins/secured-response.ts'

t.test('a dependency whose private parts are used is pinned to the one version that was read', (t) => {
  t.equal(manifest.dependencies.postgres, KNOWN_DRIVER)
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  t.equal(packages['node_modules/postgres'].version, KNOWN_DRIVER)
  t.end()
})

t.test('a Node that writes a response without the headers does not start', (t) => {
  const headers = { 'x-content-type-options': 'nosniff' }
  t.doesNotThrow(() => securedResponse(headers))
  const { flushHeaders } = ServerResponse.prototype
  t.teardown(() => {
    ServerResponse.prototype.flushHeaders = flushHeaders
  })
  // As a Node that writes this head in a way of its own.
  ServerResponse.prototype.flushHeaders = function () {
    ServerResponse.prototype.writeHead.call(this, 200)
    flushHeaders.call(this)
  }
  t.throws(() => securedResponse(headers), { message: /without x-content-type-options \(by flushHeaders\)/ })
  t.end()
})
