// Imported first (node --import ./db/held-connection-check.ts server.ts), it finds code that waits for something scarce
// or slow while it holds a pooled connection: npm run dev and the tests do so. See db/held-connection.ts.
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { checkHeldConnections } from './held-connection.ts'

const holder = new AsyncLocalStorage<{ holds: boolean }>()

function assertNothingHeld(wanted: string): void {
  if (holder.getStore()?.holds !== true) return
  throw new Error(
    `Code that holds a pooled connection is about to wait for ${wanted}: do that before or after`,
  )
}

checkHeldConnections({
  assertNothingHeld,
  async hold(work) {
    const token = { holds: true }
    try {
      return await holder.run(token, work)
    } finally {
      token.holds = false
    }
  },
})

// What a subscriber throws becomes an uncaught exception: it can't be overlooked.
subscribe('undici:request:create', () => assertNothingHeld('an answer over HTTP'))
subscribe('http.client.request.start', () => assertNothingHeld('an answer over HTTP'))
subscribe('net.client.socket', () => assertNothingHeld('the network'))
subscribe('tracing:anteroom:bcrypt:start', () => assertNothingHeld('bcrypt'))
