import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { TargetRules } from './targets.ts'

/** Finds a host name's addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

const CONNECT_MS = 10_000
const RESOLVE_MS = 4000
const MOST_ADDRESSES = 4
const LOCALHOST = /(^|\.)localhost\.?$/i
const LOOPBACK = ['127.0.0.1', '::1']

/** A connection that was not made, as the address is not one that webhooks may reach. Not a byte was sent. */
class TargetRefused extends Error {
  constructor(hostname: string, addresses: readonly string[]) {
    const found = addresses.join(', ')
    super(
      `not a public address: ${found === hostname ? hostname : `${hostname} leads to ${found || 'none'}`}`,
    )
    this.name = 'TargetRefused'
  }
}

/**
 * Opens connections to allowed addresses alone. A name is resolved here, each address is held to the rules, and the
 * connection is made to the address that was checked, not to the name: a second answer of a name server that changes
 * its mind is never asked for. (A `lookup` of one's own would not see literal addresses at all.)
 */
export function guardedConnector(
  rules: TargetRules,
  resolve: Resolve = resolveName,
): buildConnector.connector {
  // HTTP/1.1 alone: one request a connection, so that none waits behind another endpoint's.
  const connect = buildConnector({ allowH2: false, timeout: CONNECT_MS })

  return (options, callback) => {
    const hostname = options.hostname.replace(/^\[|\]$/g, '')
    // A TLS certificate is held to the name; undici takes it from the Host header where there is none.
    const servername = isIP(hostname) || options.protocol !== 'https:' ? '' : hostname

    const attempt = (addresses: readonly string[]) => {
      const [address, ...others] = addresses
      connect({ ...options, hostname: address as string, servername }, (error, socket) => {
        if (error) return others.length > 0 ? attempt(others) : callback(error, null)
        if (!socket?.remoteAddress || !rules.allows(socket.remoteAddress)) {
          socket?.destroy()
          return callback(new TargetRefused(hostname, [socket?.remoteAddress ?? 'nowhere']), null)
        }
        callback(null, socket)
      })
    }

    addressesOf(hostname, resolve).then(
      (found) => {
        const allowed = found.filter((address) => rules.allows(address)).slice(0, MOST_ADDRESSES)
        if (allowed.length === 0) return callback(new TargetRefused(hostname, found), null)
        attempt(allowed)
      },
      (error: Error) => callback(error, null),
    )
  }
}

async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  if (isIP(hostname)) return [hostname]
  // This machine, whatever a name server would say to it, and however long it would take (RFC 6761, 6.3).
  return LOCALHOST.test(hostname) ? LOOPBACK : resolve(hostname)
}

/**
 * Asks the name servers, and only for a name that they do not know the system, which reads its hosts file as well: the
 * system's own look-up takes a thread of a small pool for as long as a slow name server likes.
 */
async function resolveName(hostname: string): Promise<readonly string[]> {
  const resolver = new dns.Resolver({ timeout: RESOLVE_MS, tries: 1 })
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length > 0) return found
  const failed = answers.find((answer) => answer.status === 'rejected' && answer.reason.code === 'ETIMEOUT')
  if (failed?.status === 'rejected') throw failed.reason
  return (await dns.lookup(hostname, { all: true })).map(({ address }) => address)
}
