import ipaddr from 'ipaddr.js'
import { type Address, readAddress, writeAddress } from './addresses.ts'

type Range = readonly [Address, number]

// In an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) the first 96 bits are fixed: the IPv4 address is the rest.
const MAPPED_BITS = 96

/**
 * An entry of an allow-list in its canonical form: an address, or a CIDR whose host bits are zero (`/32` stays where it
 * was written, so that callers find what they sent). IPv4-mapped IPv6 becomes IPv4; IPv6 is written as RFC 5952 has it.
 * @returns null for anything that some programs would read as another address: octal, hexadecimal and short IPv4,
 *   zone ids, names
 */
export function normaliseEntry(text: string): string | null {
  const range = readEntry(text)
  if (!range) return null
  const [address, bits] = range
  const full = address.kind() === 'ipv4' ? 32 : 128
  if (bits === full) return text.includes('/') ? `${writeAddress(address)}/${bits}` : writeAddress(address)
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`)
  return `${writeAddress(network)}/${bits}`
}

/**
 * Makes the test of an allow-list, once for many requests.
 * @param entries as `normaliseEntry` gave them; none: every address passes
 * @returns null where every address passes
 */
export function compileAllowList(entries: readonly string[]): ((ip: string) => boolean) | null {
  if (entries.length === 0) return null
  const ranges = entries.map(readEntry).filter((range) => range !== null)
  return (ip) => {
    const address = readAddress(ip)
    return address !== null && ranges.some((range) => holds(range, address))
  }
}

/** Whether every address of an entry is also one of the list. Both as `normaliseEntry` gave them. */
export function isWithin(entry: string, list: readonly string[]): boolean {
  const inner = readEntry(entry)
  if (!inner) return false
  return list.some((text) => {
    const outer = readEntry(text)
    return outer !== null && outer[1] <= inner[1] && holds(outer, inner[0])
  })
}

function holds([network, bits]: Range, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits)
}

function readEntry(text: string): Range | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return [ipaddr.IPv4.parse(text), 32]
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return ipaddr.IPv4.parseCIDR(text)
  if (text.includes('%') || !text.includes(':')) return null
  if (ipaddr.IPv6.isValid(text)) return unmapped([ipaddr.IPv6.parse(text), 128])
  return ipaddr.IPv6.isValidCIDR(text) ? unmapped(ipaddr.IPv6.parseCIDR(text)) : null
}

function unmapped([address, bits]: [ipaddr.IPv6, number]): Range | null {
  if (!address.isIPv4MappedAddress()) return [address, bits]
  // A wider range holds more than mapped addresses: what it should mean for IPv4 callers nobody can say.
  return bits < MAPPED_BITS ? null : [address.toIPv4Address(), bits - MAPPED_BITS]
}
