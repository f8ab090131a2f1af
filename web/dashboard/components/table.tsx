import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Pages } from '../app/load.ts'
import { query, setQuery } from '../app/router.ts'
import { FailureNotice } from './form.tsx'
import { SkeletonRows } from './skeleton.tsx'

/** A column: what it is called, and what stands in it. */
export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ComponentChildren
  /** Figures stand to the right. */
  readonly figures?: boolean
  /** What to sort by; the column can't be sorted by without. */
  readonly by?: (row: T) => string | number
  /** Named to who listens alone. */
  readonly untitled?: boolean
}

// About what a screen shows: the rest is drawn after that has been painted.
const STEP = 16
// `Service 2` stands before `Service 10`.
const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/**
 * A table of rows that are all here. Sorting is in the URL (`sort=Name` or `sort=-Name`). Only so many rows are drawn as
 * someone has scrolled to. On a phone each row is a card.
 */
export function Table<T extends { id: string }>({
  label,
  columns,
  rows,
  sortedBy,
  children,
}: {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  /** The order without a choice. */
  sortedBy?: string
  /** Under the last row. */
  children?: ComponentChildren
}) {
  const sort = query.value.get('sort') ?? sortedBy ?? ''
  const by = columns.find(({ title }) => title === sort.replace(/^-/, ''))?.by
  const sorted = by ? sortRows(rows, by, sort.startsWith('-')) : rows
  // Another order or filter begins at the top again.
  const view = query.value.toString()
  const [grown, setGrown] = useState({ view, rows: STEP })
  const drawn = grown.view === view ? grown.rows : STEP
  return (
    <div class="table-frame">
      <table aria-label={label} onKeyDown={moveByKey}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.title} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, drawn).map((row) => (
            <tr key={row.id}>
              {columns.map(({ title, cell, figures, untitled }) => (
                <td key={title} class={figures ? 'figures' : ''} data-title={untitled ? '' : title}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {drawn < sorted.length && (
        <WhenSeen key={drawn} onSeen={() => setGrown({ view, rows: drawn + STEP })} />
      )}
      {children}
    </div>
  )
}

function Heading<T>({ column, sort }: { column: Column<T>; sort: string }) {
  const { title, by, figures, untitled } = column
  const ascending = sort === title
  const descending = sort === `-${title}`
  return (
    <th
      scope="col"
      class={figures ? 'figures' : ''}
      aria-sort={ascending ? 'ascending' : descending ? 'descending' : undefined}
    >
      {by ? (
        <button
          type="button"
          class="sort"
          onClick={() => setQuery({ sort: ascending ? `-${title}` : title })}
        >
          {title}
          <span aria-hidden="true">{ascending ? '↑' : descending ? '↓' : ''}</span>
        </button>
      ) : (
        <span class={untitled ? 'unseen' : ''}>{title}</span>
      )}
    </th>
  )
}

function sortRows<T>(rows: readonly T[], by: (row: T) => string | number, down: boolean): T[] {
  const order = down ? -1 : 1
  const keyed = rows.map((row) => ({ row, key: by(row) }))
  keyed.sort(({ key: a }, { key: b }) =>
    typeof a === 'string' && typeof b === 'string'
      ? order * words.compare(a, b)
      : order * (Number(a) - Number(b)),
  )
  return keyed.map(({ row }) => row)
}

// j and k go down and up the rows, as the arrows do in lists.
function moveByKey(event: KeyboardEvent): void {
  if (event.key !== 'j' && event.key !== 'k') return
  const row = (event.target as Element).closest('tr')
  const next = event.key === 'j' ? row?.nextElementSibling : row?.previousElementSibling
  next?.querySelector<HTMLElement>('a, button')?.focus()
}

function WhenSeen({ onSeen }: { onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && onSeen(),
      { rootMargin: '600px' },
    )
    if (mark.current) observer.observe(mark.current)
    return () => observer.disconnect()
  }, [])
  return <div ref={mark} class="end-of-table" />
}

/** A table of a list that comes in pages: skeleton, failure, nothing yet, rows, and a button for more. */
export function PagedTable<T extends { id: string }>({
  label,
  columns,
  pages,
  empty,
}: {
  label: string
  columns: readonly Column<T>[]
  pages: Pages<T>
  /** What stands there while there is nothing: what it is for, and how to begin. */
  empty: ComponentChildren
}) {
  const { data, failure, more, loadMore, reload } = pages
  const [busy, setBusy] = useState(false)
  if (failure && !data) return <FailureNotice failure={failure} retry={reload} />
  if (!data) return <SkeletonRows columns={columns.length} />
  if (data.length === 0) return <>{empty}</>
  const next = async () => {
    setBusy(true)
    await loadMore().finally(() => setBusy(false))
  }
  return (
    <Table label={label} columns={columns} rows={data}>
      {more && (
        <button type="button" class="more" aria-disabled={busy} onClick={next}>
          {busy ? 'Loading…' : 'Show more'}
        </button>
      )}
    </Table>
  )
}
