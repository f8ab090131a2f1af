import { localTime } from '../app/local-time.ts'
import { query, setQuery } from '../app/router.ts'

/** A moment that is kept in the URL, as the API takes it; written and read in the reader's own time. */
export function TimeFilter({ name, label }: { name: string; label: string }) {
  const at = query.value.get(name)
  const known = at !== null && !Number.isNaN(Date.parse(at))
  return (
    <label class="filter time-filter">
      <span class="muted">{label}</span>
      <input
        type="datetime-local"
        value={known ? localTime(at) : ''}
        onChange={({ currentTarget: { value } }) =>
          setQuery({ [name]: value ? new Date(value).toISOString() : null })
        }
      />
    </label>
  )
}

/** Takes all filters of a page out of the URL; not there while there are none. */
export function ClearFilters({ names }: { names: readonly string[] }) {
  if (!names.some((name) => query.value.has(name))) return null
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => setQuery(Object.fromEntries(names.map((name) => [name, null])))}
    >
      Clear filters
    </button>
  )
}
