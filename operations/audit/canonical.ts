/**
 * JSON in its one canonical form (RFC 8785): no white space, properties sorted by their UTF-16 code units. What JSON
 * does not know is treated as `JSON.stringify` does.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value)
  return text === undefined ? 'null' : write(JSON.parse(text))
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const properties = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${properties.map(([name, part]) => `${JSON.stringify(name)}:${write(part)}`).join(',')}}`
}
