import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { plainAddress } from '../credentials/addresses.ts'
import { compileAllowList } from '../credentials/allow-list.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Where the request comes from: the socket's address, or what a proxy named in `TRUST_PROXY` forwarded, always in
     * the same form. `request.ip` is the same as it was sent, and nobody else may read it.
     */
    readonly address: string
  }
}

/** The one place that reads a client's address. Limits, allow-lists, logs and the audit log use what it gives. */
export default fp(
  async (app: FastifyInstance) => {
    app.decorateRequest('address', {
      getter() {
        return plainAddress(this.ip)
      },
    })
  },
  { name: 'client-address' },
)

/**
 * For Fastify's `trustProxy`: whether an address on the way is one of the operator's proxies.
 * @returns null where no forwarded header is to be believed
 */
export function isTrustedProxy(proxies: readonly string[]): ((address: string) => boolean) | null {
  return compileAllowList(proxies)
}
