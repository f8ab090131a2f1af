import type { ComponentChildren } from 'preact'

/** What is known of a thing: names and values. Those that are false are left out. */
export function Facts({
  of,
}: {
  of: readonly (readonly [name: string, value: ComponentChildren] | false | null)[]
}) {
  return (
    <dl class="facts">
      {of.map(
        (fact) =>
          fact && (
            <div key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
