import ipaddr from 'ipaddr.js'

/** An address of a network, parsed. IPv4-mapped IPv6 is IPv4 here. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What stands for an address that nobody can read: no allow-list has it, and all of these are counted together. */
export const UNKNOWN_ADDRESS = 'unknown'

// `[2001:db8::1]:443` and `203.0.113.9:50001`. Without brackets, the end of an IPv6 address is never a port.
const BRACKETED = /^\[([^\]]+)\](?::\d{1,5})?$/
const WITH_PORT = /^(.*\d\.\d{1,3}\.\d{1,3}):\d{1,5}$/
const PLAIN_IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const BLOCK_PARTS = 4

/**
 * Reads an address as sockets and proxies write it: with a port, in brackets, with a zone id, IPv4 mapped to IPv6
 * (RFC 4291, 2.5.5.2).
 * @returns null for anything else, and for what programs read in different ways: octal, hexadecimal and short IPv4
 */
export function readAddress(text: string): Address | null {
  const trimmed = text.trim()
  const inner = BRACKETED.exec(trimmed)?.[1] ?? WITH_PORT.exec(trimmed)?.[1] ?? trimmed
  if (ipaddr.IPv4.isValidFourPartDecimal(inner)) return ipaddr.IPv4.parse(inner)
  const [bare = ''] = inner.split('%', 1)
  if (!bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return null
  const address = ipaddr.IPv6.parse(bare)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

/**
 * The one form of an address for limits, allow-lists and logs. IPv6 is written as RFC 5952 says.
 * @param text as the socket or a trusted proxy has it; undefined where the connection has ended
 */
export function plainAddress(text: string | undefined): string {
  if (text === undefined) return UNKNOWN_ADDRESS
  if (PLAIN_IPV4.test(text)) return text
  const address = readAddress(text)
  return address === null ? UNKNOWN_ADDRESS : writeAddress(address)
}

/**
 * What everything that counts addresses counts: an IPv4 address, or the /64 block of an IPv6 address. One subscriber
 * has at least a whole block, and could take another address of it for each request.
 * @param text in any form that `readAddress` takes
 */
export function networkOf(text: string): string {
  if (PLAIN_IPV4.test(text)) return text
  const address = readAddress(text)
  if (address === null) return UNKNOWN_ADDRESS
  if (address.kind() === 'ipv4') return address.toString()
  const parts = (address as ipaddr.IPv6).parts.map((part, index) => (index < BLOCK_PARTS ? part : 0))
  return `${new ipaddr.IPv6(parts).toRFC5952String()}/64`
}

/** An address as text: IPv4 with dots, IPv6 as RFC 5952 says. */
export function writeAddress(address: Address): string {
  return address.kind() === 'ipv4' ? address.toString() : (address as ipaddr.IPv6).toRFC5952String()
}
