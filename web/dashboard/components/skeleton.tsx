/** The shape of a table that is on its way. */
export function SkeletonRows({ columns = 5, rows = 6 }: { columns?: number; rows?: number }) {
  return (
    <div class="table-frame skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div class="skeleton-row" key={row}>
          {Array.from({ length: columns }, (_, column) => (
            <i key={column} />
          ))}
        </div>
      ))}
    </div>
  )
}

/** The shape of a page's text that is on its way. */
export function SkeletonBlock({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton block" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <i key={line} />
      ))}
    </div>
  )
}
