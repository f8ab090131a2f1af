import ipaddr from 'ipaddr.js'
import type { EnvironmentName } from '../../config/environment.ts'

/** Where webhooks may lead. */
export interface TargetRules {
  /** Why a URL's text alone rules it out, as a sentence's end (`must …`); null where nothing speaks against it. */
  refusalOf(url: string): string | null
  /** Whether a connection to an address may be made. @param address as the system writes it, without brackets */
  allows(address: string): boolean
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

// A public address by its registration, and yet answered by Azure's host to its own machines: metadata and agents.
const notPublic = [ipaddr.IPv4.parse('168.63.129.16')]
// RFC 4291, 2.4: what is assigned as global unicast. The rest holds IPv4 in disguise (::a.b.c.d), NAT64 and nothing else.
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
// RFC 6761 and 6762, RFC 8375, and ICANN's name for private use: none of them leads out.
const PRIVATE_NAME = /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home|corp|home\.arpa)$/

/**
 * The rules of an environment: public addresses, and what the operator allows besides.
 * @param allowedTargets addresses and CIDRs of WEBHOOK_ALLOWED_TARGETS
 */
export function targetRules(environment: EnvironmentName, allowedTargets: readonly string[]): TargetRules {
  const allowed = allowedTargets.map(readNetwork)
  const schemes = environment === 'production' ? ['https:'] : ['https:', 'http:']

  const permits = (address: Address) =>
    isPublic(address) || allowed.some((network) => within(address, network))

  return {
    allows: (text) => {
      const address = readAddress(text)
      return address !== null && permits(address)
    },
    refusalOf: (text) => {
      if (!URL.canParse(text)) return 'must be an absolute URL'
      const url = new URL(text)
      if (!schemes.includes(url.protocol)) {
        return `must begin with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`
      }
      if (url.username !== '' || url.password !== '') return 'must not carry a user name or a password'
      // The parser has written every form of an IPv4 address (decimal, octal, hexadecimal, short) in the usual one.
      const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
      const address = readAddress(host)
      if (address) {
        return permits(address) ? null : `must lead to a public address, and ${host} is ${kindOf(address)}`
      }
      // A name may lead into an allowed network: that is seen when it is resolved.
      if (allowed.length > 0) return null
      const inside = PRIVATE_NAME.test(host) || !host.includes('.')
      return inside ? `must lead to a public address, and ${host} is a private name` : null
    },
  }
}

/** Null for text that is no address. IPv4 in IPv6's clothes (::ffff:a.b.c.d) is taken for what it is. */
function readAddress(text: string): Address | null {
  if (text.includes('%')) return null
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null
  return ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : null
}

function readNetwork(entry: string): [Address, number] {
  const [address, bits] = entry.includes('/')
    ? ipaddr.parseCIDR(entry)
    : [ipaddr.parse(entry), ipaddr.parse(entry).kind() === 'ipv4' ? 32 : 128]
  return [address, bits]
}

function within(address: Address, [network, bits]: [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  if (address instanceof ipaddr.IPv6) return address.match(globalUnicast)
  return !notPublic.some((other) => address.match(other, 32))
}

function kindOf(address: Address): string {
  const range = address.range()
  return range === 'unicast' ? 'reserved' : range.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}
