/** What was changed, field by field, before and after. */
export function Changes({ of, nameOf }: { of: unknown; nameOf: (id: string | null) => string | undefined }) {
  if (typeof of !== 'object' || of === null) return <span class="muted">Nothing to compare</span>
  // Of what is new, the fields that say nothing are left out.
  const fields = Object.entries(of).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  )
  if (fields.length === 0) return <span class="muted">Nothing to compare</span>
  return (
    <ul class="changes">
      {fields.map(([name, change]) => (
        <li key={name}>
          <span class="muted">{inWords(name)}</span> <Change of={change} nameOf={nameOf} />
        </li>
      ))}
    </ul>
  )
}

function Change({ of, nameOf }: { of: unknown; nameOf: (id: string | null) => string | undefined }) {
  const text = (value: unknown) =>
    typeof value === 'string' ? (nameOf(value) ?? shown(value)) : shown(value)
  if (typeof of === 'object' && of !== null && 'from' in of && 'to' in of) {
    if (of.from === null) return <ins>{text(of.to)}</ins>
    return (
      <>
        <del>{text(of.from)}</del> <span aria-hidden="true">→</span> <ins>{text(of.to)}</ins>
      </>
    )
  }
  return <ins>{text(of)}</ins>
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'none'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(shown).join(', ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

/** `allowedOrigins` → `allowed origins`. */
function inWords(name: string): string {
  return name.replaceAll(/([A-Z])/g, ' $1').toLowerCase()
}
