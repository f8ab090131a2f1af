import { api, ask } from '../app/api.ts'
import { instant } from '../app/format.ts'
import { useLoad } from '../app/load.ts'
import { useNames } from '../app/names.ts'
import type { PageProps } from '../app/page.ts'
import { at } from '../app/router.ts'
import { CopyButton } from '../components/copy.tsx'
import { Facts } from '../components/facts.tsx'
import { FailureNotice } from '../components/form.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page.tsx'
import { SkeletonBlock } from '../components/skeleton.tsx'
import { StatusCode } from '../components/status-code.tsx'

/** One request, and in words why it was answered so. */
export default function OneRequest({ params: { id = '' } }: PageProps) {
  const nameOf = useNames()
  const record = useLoad(
    (signal) => ask(api.GET('/api/logs/{requestId}', { signal, params: { path: { requestId: id } } })),
    [id],
  )
  const { data, failure } = record
  return (
    <div class="narrow stack">
      <PageHead
        title={data ? `${data.method} ${data.path}` : 'One request'}
        back={<a href={at('/logs')}>Logs</a>}
      />
      {failure && <FailureNotice failure={failure} retry={record.reload} />}
      {!data && !failure && <SkeletonBlock />}
      {data && (
        <>
          <Notice kind={data.status < 400 ? 'ok' : 'warn'} role="status">
            <strong>
              <StatusCode of={data.status} /> {data.explanation}
            </strong>
            {data.notice && <span> The key is older than 90 days: it is due for rotation.</span>}
          </Notice>
          <section class="card">
            <Facts
              of={[
                ['When', instant(data.at)],
                ['Took', `${data.durationMs.toFixed(1)} ms`],
                ['From', <span class="mono">{data.ip}</span>],
                ['Program', data.userAgent ?? <span class="muted">did not say</span>],
                ['Credential', data.credentialType ?? <span class="muted">none that is known</span>],
                data.keyId !== null && [
                  'Key',
                  <a href={at(`/settings/keys/${data.keyId}`)}>{nameOf(data.keyId) ?? data.keyId}</a>,
                ],
                data.userId !== null && ['User', nameOf(data.userId) ?? data.userId],
                data.reason !== null && ['Reason', <code>{data.reason}</code>],
                data.keyHash !== null && [
                  'SHA-256 of the presented key',
                  <span class="mono">{data.keyHash}</span>,
                ],
              ]}
            />
          </section>
          <p class="actions">
            <code>{data.requestId}</code>
            <CopyButton text={data.requestId} of="the request id" />
            <a class="button" href={at(`/logs?path=${encodeURIComponent(data.path)}`)}>
              Requests to this path
            </a>
            {data.keyId !== null && (
              <a class="button" href={at(`/logs?keyId=${data.keyId}`)}>
                Requests with this key
              </a>
            )}
          </p>
        </>
      )}
    </div>
  )
}
