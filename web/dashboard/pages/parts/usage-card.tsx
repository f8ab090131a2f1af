import { useMemo, useState } from 'preact/hooks'
import { api, ask } from '../../app/api.ts'
import { useLoad, usePoll } from '../../app/load.ts'
import { Chart } from '../../components/chart.tsx'
import { FailureNotice } from '../../components/form.tsx'

const REFRESH_MS = 10_000
const spans = { day: ['hour', '24 hours'], month: ['day', '30 days'] } as const

/** A key's requests and failures over time. */
export function UsageCard({ keyId }: { keyId: string }) {
  const [span, setSpan] = useState<keyof typeof spans>('day')
  const [interval] = spans[span]
  const usage = useLoad(
    (signal) =>
      ask(api.GET('/api/keys/{id}/usage', { signal, params: { path: { id: keyId }, query: { interval } } })),
    [keyId, interval],
  )
  usePoll(async () => usage.data && (await usage.reload()), REFRESH_MS)
  const points = usage.data?.usage
  const at = useMemo(() => points?.map((point) => Date.parse(point.at) / 1000) ?? [], [points])
  const series = useMemo(
    () => [
      { label: 'Requests', values: points?.map((point) => point.requests) ?? [], color: '--accent' },
      { label: 'Failures', values: points?.map((point) => point.failures) ?? [], color: '--danger' },
    ],
    [points],
  )
  return (
    <section class="card">
      <header>
        <h2>Requests and failures</h2>
        <fieldset class="segments">
          <legend class="unseen">Span</legend>
          {(Object.keys(spans) as (keyof typeof spans)[]).map((name) => (
            <label key={name}>
              <input type="radio" name="span" checked={span === name} onChange={() => setSpan(name)} />
              {spans[name][1]}
            </label>
          ))}
        </fieldset>
      </header>
      {usage.failure && <FailureNotice failure={usage.failure} retry={usage.reload} />}
      <Chart label="Requests and failures" at={at} series={series} />
    </section>
  )
}
