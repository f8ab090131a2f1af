import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../../app/api.ts'
import { Failure } from '../../app/failure.ts'
import { pageAt, usePages } from '../../app/load.ts'
import { may } from '../../app/session.ts'
import { size } from '../../app/size.ts'
import { upload } from '../../app/upload.ts'
import { FailureNotice } from '../../components/form.tsx'
import { type Column, PagedTable } from '../../components/table.tsx'
import { Time } from '../../components/time.tsx'
import { toast, toastFailure } from '../../components/toast.tsx'

type StoredFile = AnswerTo<'/api/candidates/{id}/files'>['files'][number]

/** A candidate's documents. */
export function FilesCard({ candidateId }: { candidateId: string }) {
  const path = { id: candidateId }
  const [progress, setProgress] = useState<number | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const files = usePages(
    async (cursor, signal) => {
      const query = pageAt(cursor)
      const page = await ask(api.GET('/api/candidates/{id}/files', { signal, params: { path, query } }))
      return { items: page.files, next: page.nextCursor }
    },
    [candidateId],
  )
  const send = async (input: HTMLInputElement) => {
    const file = input.files?.[0]
    if (!file) return
    const form = new FormData()
    form.set('file', file)
    setFailure(null)
    setProgress(0)
    try {
      await upload(`/api/candidates/${candidateId}/files`, form, setProgress)
      toast(`${file.name} is stored`)
    } catch (thrown) {
      setFailure(Failure.from(thrown))
    }
    setProgress(null)
    input.value = ''
    await files.reload()
  }
  const remove = async ({ id, name }: StoredFile) => {
    await ask(api.DELETE('/api/files/{id}', { params: { path: { id } } }))
    toast(`${name} is deleted`)
    await files.reload()
  }
  // A link is good for some minutes: one that is asked for now is good now.
  const open = async ({ id }: StoredFile) => {
    const { url } = await ask(api.GET('/api/files/{id}', { params: { path: { id } } }))
    location.assign(new URL(url).pathname + new URL(url).search)
  }
  const columns: readonly Column<StoredFile>[] = [
    {
      title: 'Name',
      cell: (file) => (
        <button type="button" class="small quiet" onClick={() => void open(file).catch(toastFailure)}>
          {file.name}
        </button>
      ),
    },
    { title: 'Kind', cell: ({ contentType }) => contentType },
    { title: 'Size', figures: true, cell: ({ sizeBytes }) => size(sizeBytes) },
    { title: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      title: 'Actions',
      untitled: true,
      cell: (file) =>
        may('candidates:write') && (
          <span class="actions">
            <button
              type="button"
              class="small quiet danger-quiet"
              onClick={() => void remove(file).catch(toastFailure)}
            >
              Delete<span class="unseen"> {file.name}</span>
            </button>
          </span>
        ),
    },
  ]
  return (
    <section class="card stack tight">
      <h2>Files</h2>
      {failure && <FailureNotice failure={failure} />}
      <PagedTable
        label="Files"
        columns={columns}
        pages={files}
        empty={<p class="muted">No files yet: a CV, a certificate.</p>}
      />
      {may('candidates:write') && (
        <div class="field">
          <label>
            Add a file
            <input
              type="file"
              accept=".pdf,.doc,.docx"
              disabled={progress !== null}
              onChange={(event) => void send(event.currentTarget)}
            />
          </label>
          <small class="muted">PDF, DOC or DOCX, at most 10 MiB.</small>
          {progress !== null && <progress aria-label="Sent" value={progress} max={1} />}
        </div>
      )}
    </section>
  )
}
