/**
 * The shape of a JSON value as text: field names and types, without the values. Two answers of one shape are the same
 * work for a serializer, though ids and times in them differ.
 */
export function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(shapeOf).join(',')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([name, field]) => `${name}:${shapeOf(field)}`).join(',')}}`
  }
  return typeof value
}
