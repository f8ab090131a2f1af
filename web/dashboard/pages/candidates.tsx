import { useComputed } from '@preact/signals'
import { useState } from 'preact/hooks'
import { api, ask } from '../app/api.ts'
import type { Candidate } from '../app/candidates.ts'
import { pageAt, usePages } from '../app/load.ts'
import { at, go, query } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Snippet } from '../components/copy.tsx'
import { Dialog, DialogActions } from '../components/dialog.tsx'
import { Empty } from '../components/empty.tsx'
import { SearchFilter } from '../components/filters.tsx'
import { Form, Submit } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { PageHead } from '../components/page.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { CandidateFields, readCandidate } from './parts/candidate-form.tsx'

/** Candidates: search, and one more by hand. */
export default function Candidates() {
  const q = useComputed(() => query.value.get('q')).value
  const [adding, setAdding] = useState(false)
  const candidates = usePages(
    async (cursor, signal) => {
      const search = q ? { q } : {}
      const page = await ask(
        api.GET('/api/candidates', { signal, params: { query: { ...search, ...pageAt(cursor) } } }),
      )
      return { items: page.candidates, next: page.nextCursor }
    },
    [q],
  )
  const writes = may('candidates:write')
  return (
    <>
      <PageHead
        title="Candidates"
        lead="The people whom you invite. One person an e-mail address."
        actions={
          writes && (
            <button type="button" class="primary" onClick={() => setAdding(true)}>
              <Icon name="plus" />
              Add a candidate
            </button>
          )
        }
      />
      <div class="toolbar">
        <SearchFilter name="q" label="Name, e-mail, phone, external id" />
      </div>
      <PagedTable
        label="Candidates"
        columns={columns}
        pages={candidates}
        empty={
          q ? (
            <Empty icon="search" title="Nobody is called so">
              Each word has to begin a word of the name, the address, the phone number or the external id.
            </Empty>
          ) : (
            <NoCandidates />
          )
        }
      />
      {adding && (
        <Dialog title="Add a candidate" onClose={() => setAdding(false)}>
          <Form
            onSubmit={async (values) => {
              const { id } = await ask(api.POST('/api/candidates', { body: readCandidate(values) }))
              go(`/candidates/${id}`)
            }}
          >
            <CandidateFields />
            <DialogActions onCancel={() => setAdding(false)}>
              <Submit>Add</Submit>
            </DialogActions>
          </Form>
        </Dialog>
      )}
    </>
  )
}

const columns: readonly Column<Candidate>[] = [
  {
    title: 'Name',
    cell: ({ id, name, email }) => (
      <span class="row-title">
        <a href={at(`/candidates/${id}`)}>{name}</a>
        <small>{email}</small>
      </span>
    ),
  },
  { title: 'Phone', cell: ({ phone }) => phone },
  { title: 'External id', cell: ({ externalId }) => externalId && <code>{externalId}</code> },
  { title: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
]

function NoCandidates() {
  return (
    <Empty
      icon="people"
      title="No candidates yet"
      action={
        <Snippet
          of="the command"
          text={`curl ${location.origin}/api/candidates -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"email":"ada@example.com","name":"Ada Lovelace"}'`}
        />
      }
    >
      Who is invited to a campaign becomes a candidate by that. You can also add people first, here or through
      the API:
    </Empty>
  )
}
