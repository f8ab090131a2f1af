import { useEffect, useState } from 'preact/hooks'
import { query, setQuery } from '../app/router.ts'
import { Icon } from './icon.tsx'

const TYPING_MS = 200

/** A search that is kept in the URL. */
export function SearchFilter({ name, label }: { name: string; label: string }) {
  const current = query.value.get(name) ?? ''
  const [text, setText] = useState(current)
  useEffect(() => setText(current), [current])
  useEffect(() => {
    if (text === current) return
    const timer = setTimeout(() => setQuery({ [name]: text }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <label class="search">
      <span class="unseen">{label}</span>
      <Icon name="search" />
      <input
        type="search"
        placeholder={label}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  )
}

/** A choice that is kept in the URL; the first option is none. */
export function SelectFilter({
  name,
  label,
  options,
}: {
  name: string
  label: string
  options: readonly (readonly [value: string, text: string])[]
}) {
  return (
    <label class="filter">
      <span class="unseen">{label}</span>
      <select
        value={query.value.get(name) ?? ''}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      >
        <option value="">{label}: all</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
