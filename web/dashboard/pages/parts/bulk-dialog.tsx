import { useRef, useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../../app/api.ts'
import { count } from '../../app/format.ts'
import { linksFile } from '../../app/links-file.ts'
import { usePoll } from '../../app/load.ts'
import { useOnce } from '../../app/once.ts'
import { Snippet } from '../../components/copy.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Form, Labelled, Submit, type Values } from '../../components/form.tsx'
import { Notice } from '../../components/notice.tsx'
import { InviteOptions } from './invite-options.tsx'

type Bulk = AnswerTo<'/api/invites/bulk/{id}'>
type Result = Bulk['results'][number]

const POLL_MS = 500
const EXAMPLE = 'email,name\nada@example.com,Ada Lovelace\ngrace@example.com,Grace Hopper'

/** Invites the candidates of a CSV file, and shows how far it has come and what became of each row. */
export function BulkDialog({
  campaignId,
  onClose,
  onInvited,
}: {
  campaignId: string
  onClose: () => void
  onInvited: () => unknown
}) {
  const [job, setJob] = useState<Bulk | null>(null)
  const [results, setResults] = useState<readonly Result[] | null>(null)
  const once = useOnce()
  const file = useRef<HTMLInputElement>(null)
  const finish = (done: readonly Result[]) => {
    setResults(done)
    void onInvited()
  }
  const send = async ({ expiresInHours, send }: Values) => {
    const form = new FormData()
    form.set('sendEmail', String(send === '1'))
    if (expiresInHours) form.set('expiresInHours', expiresInHours)
    const chosen = file.current?.files?.[0]
    if (chosen) form.set('file', chosen)
    const params = { path: { id: campaignId } }
    const answer = await once((headers) =>
      ask(
        api.POST('/api/campaigns/{id}/invites/bulk', {
          params,
          headers,
          body: form as never,
          bodySerializer: (body) => body as unknown as FormData,
        }),
      ),
    )
    if ('id' in answer) setJob(answer)
    else finish(answer.results)
  }
  usePoll(
    async () => {
      if (!job) return
      const now = await ask(api.GET('/api/invites/bulk/{id}', { params: { path: { id: job.id } } }))
      setJob(now)
      if (now.status === 'completed') finish(now.results)
    },
    POLL_MS,
    job !== null && results === null,
  )
  return (
    <Dialog title="Invite from CSV" onClose={onClose} wide once={results?.some(hasLink) ?? false}>
      {results ? (
        <Results of={results} onClose={onClose} />
      ) : job ? (
        <Progress of={job} />
      ) : (
        <Form onSubmit={send}>
          <p class="muted">
            Export it from a spreadsheet or an applicant tracking system: at most 1,000 rows, with a first
            line that names the columns <code>email</code> and <code>name</code> (or first and last name). A
            candidate you know already is found by the address.
          </p>
          <Labelled name="file" label="CSV file">
            {(ids) => (
              <input
                ref={file}
                type="file"
                name="file"
                accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
                required
                {...ids}
              />
            )}
          </Labelled>
          <Snippet text={EXAMPLE} of="the example" />
          <InviteOptions link="each link" />
          <DialogActions onCancel={onClose}>
            <Submit>Invite them</Submit>
          </DialogActions>
        </Form>
      )}
    </Dialog>
  )
}

function hasLink({ url, token }: Result): boolean {
  return Boolean(url && token)
}

function Progress({ of: { counts } }: { of: Bulk }) {
  return (
    <div class="stack tight" role="status">
      <p>
        {count(counts.done)} of {count(counts.total)} rows
      </p>
      <progress aria-label="Rows done" value={counts.done} max={counts.total} />
      <p class="muted">You may close this: it goes on by itself.</p>
    </div>
  )
}

function Results({ of, onClose }: { of: readonly Result[]; onClose: () => void }) {
  const failed = of.filter(({ status }) => status === 'error')
  const links = of.filter(hasLink)
  return (
    <div class="stack">
      <Notice kind={failed.length === 0 ? 'ok' : 'warn'} role="status">
        {count(of.length - failed.length)} invited
        {failed.length > 0 && `, ${count(failed.length)} not: their rows are below`}.
      </Notice>
      {failed.length > 0 && (
        <ul class="rows bounded">
          {failed.map(({ row, email, error }) => (
            <li key={row}>
              <strong>{email ?? `Row ${row}`}</strong> <span>{error?.message}</span>
            </li>
          ))}
        </ul>
      )}
      <footer class="actions">
        {links.length > 0 && (
          <a
            class="button"
            download="invites.csv"
            href={`data:text/csv;charset=utf-8,${encodeURIComponent(linksFile(links))}`}
          >
            Save the links, shown this once
          </a>
        )}
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </footer>
    </div>
  )
}
