import ipaddr from 'ipaddr.js'

/** Reads addresses and CIDRs, separated by commas or blanks; what is none gets a line. */
export function networks(name: string, value: string | undefined, problems: string[]): string[] {
  const entries = (value ?? '').split(/[\s,]+/).filter(Boolean)
  const wrong = entries.filter((entry) => !isNetwork(entry))
  if (wrong.length > 0)
    problems.push(`${name} must be addresses or CIDRs separated by commas; not one: ${wrong.join(', ')}`)
  return entries
}

// ipaddr.js also takes `1` and `10.1` for addresses, which nobody means who writes them here.
function isNetwork(entry: string): boolean {
  const address = entry.split('/', 1)[0] ?? ''
  const whole = address.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(address)
  return whole && (entry === address ? ipaddr.isValid(entry) : ipaddr.isValidCIDR(entry))
}
