import ipaddr from 'ipaddr.js'

// From single addresses to ever wider neighbourhoods, until the list is short enough.
const widths = { ipv4: [32, 28, 24, 20, 16, 12, 8, 0], ipv6: [128, 64, 60, 56, 48, 40, 32, 0] } as const
const STEPS = widths.ipv4.length

interface Family {
  readonly kind: 'ipv4' | 'ipv6'
  readonly bits: number
  readonly addresses: readonly bigint[]
}

/**
 * The smallest ranges that hold all the addresses and are no more than `most`: the addresses themselves where they
 * are few enough, else neighbours together, each range as narrow as its own addresses allow.
 * @param addresses IPv4 or IPv6; what is neither is left out
 * @param most at least 2
 */
export function smallestRanges(addresses: readonly string[], most: number): string[] {
  const families = [familyOf('ipv4', 32, addresses), familyOf('ipv6', 128, addresses)]
  for (let step = 0; step < STEPS; step += 1) {
    const ranges = families.flatMap((family) => rangesOf(family, widths[family.kind][step] as number))
    if (ranges.length <= most || step === STEPS - 1) return ranges
  }
  return []
}

function familyOf(kind: Family['kind'], bits: number, addresses: readonly string[]): Family {
  const numbers = new Set<bigint>()
  for (const text of addresses) {
    if (!ipaddr.isValid(text)) continue
    const address = ipaddr.process(text)
    if (address.kind() === kind) numbers.add(numberOf(address.toByteArray()))
  }
  return { kind, bits, addresses: [...numbers].sort((one, other) => (one < other ? -1 : 1)) }
}

function rangesOf({ kind, bits, addresses }: Family, width: number): string[] {
  const ranges: string[] = []
  const rest = BigInt(bits - width)
  let first: bigint | undefined
  let last: bigint | undefined
  const close = () => {
    if (first !== undefined && last !== undefined) ranges.push(rangeOf(kind, bits, first, last))
  }
  for (const address of addresses) {
    if (first !== undefined && first >> rest !== address >> rest) {
      close()
      first = undefined
    }
    first ??= address
    last = address
  }
  close()
  return ranges
}

function rangeOf(kind: Family['kind'], bits: number, first: bigint, last: bigint): string {
  const host = (first ^ last).toString(2).length
  if (first === last) return write(kind, bits, first)
  const network = (first >> BigInt(host)) << BigInt(host)
  return `${write(kind, bits, network)}/${bits - host}`
}

function write(kind: Family['kind'], bits: number, number: bigint): string {
  const bytes = Array.from({ length: bits / 8 }, (_, index) =>
    Number((number >> BigInt(bits - 8 * (index + 1))) & 255n),
  )
  return kind === 'ipv4' ? new ipaddr.IPv4(bytes).toString() : new ipaddr.IPv6(bytes).toRFC5952String()
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
}
