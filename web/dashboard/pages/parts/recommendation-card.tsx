import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../../app/api.ts'
import { count } from '../../app/format.ts'
import { useLoad } from '../../app/load.ts'
import { may } from '../../app/session.ts'
import { FailureNotice } from '../../components/form.tsx'
import { SkeletonBlock } from '../../components/skeleton.tsx'
import { toast, toastFailure } from '../../components/toast.tsx'

/** The least that the key would have needed, to be applied with a click. */
export function RecommendationCard({ of, onApplied }: { of: Key; onApplied: () => Promise<void> }) {
  const advice = useLoad(
    (signal) => ask(api.GET('/api/keys/{id}/recommendation', { signal, params: { path: { id: of.id } } })),
    [of.id, of.scopes.join(), of.requestCount],
  )
  const [busy, setBusy] = useState(false)
  const { data, failure, reload } = advice
  const proposed = data?.proposal?.scopes ?? []
  const smaller = proposed.length > 0 && proposed.join() !== of.scopes.join()
  const apply = async () => {
    setBusy(true)
    try {
      const body = { scopes: proposed as ['*'] }
      await ask(api.PATCH('/api/keys/{id}', { params: { path: { id: of.id } }, body }))
      toast('The key may now do what it needs, and no more')
      await onApplied()
    } catch (thrown) {
      toastFailure(thrown)
    }
    setBusy(false)
  }
  return (
    <section class="card stack tight">
      <h2>What it could do without</h2>
      {failure && !data && <FailureNotice failure={failure} retry={reload} />}
      {!data && !failure && <SkeletonBlock lines={3} />}
      {data && !smaller && (
        <p class="muted">
          {data.requests === 0
            ? `Nothing was asked with this key in the last ${data.days} days, so there is nothing to go by yet.`
            : 'It may do what its requests need, and no more.'}
        </p>
      )}
      {data && smaller && (
        <>
          <p>
            Its {count(data.requests)} successful requests of the last {data.days} days needed only:
          </p>
          <ul class="badges">
            {proposed.map((scope) => (
              <li key={scope}>
                <code>{scope}</code>
              </li>
            ))}
          </ul>
          {data.proposal && data.proposal.allowedIps.length > 0 && (
            <p class="muted">They came from {data.proposal.allowedIps.join(', ')}.</p>
          )}
          {may('keys:write') && of.status === 'active' && (
            <p class="actions">
              <button type="button" class="small" aria-disabled={busy} onClick={() => !busy && void apply()}>
                Apply these scopes
              </button>
              <small class="muted">None of those requests would have been refused.</small>
            </p>
          )}
        </>
      )}
    </section>
  )
}
