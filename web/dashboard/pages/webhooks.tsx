import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../app/api.ts'
import { pageAt, usePages } from '../app/load.ts'
import { at } from '../app/router.ts'
import { may } from '../app/session.ts'
import { Badge } from '../components/badge.tsx'
import { Snippet } from '../components/copy.tsx'
import { Dialog, DialogActions } from '../components/dialog.tsx'
import { Empty } from '../components/empty.tsx'
import { Form, Submit } from '../components/form.tsx'
import { Icon } from '../components/icon.tsx'
import { PageHead } from '../components/page.tsx'
import { ReadOnly } from '../components/read-only.tsx'
import { State } from '../components/state.tsx'
import { type Column, PagedTable } from '../components/table.tsx'
import { Time } from '../components/time.tsx'
import { readWebhook, WebhookFields } from './parts/webhook-form.tsx'
import { SecretDialog } from './parts/webhook-secret.tsx'

type Webhook = AnswerTo<'/api/webhooks'>['webhooks'][number]

/** Endpoints that are told of events. */
export default function Webhooks() {
  const webhooks = usePages(async (cursor, signal) => {
    const page = await ask(api.GET('/api/webhooks', { signal, params: { query: pageAt(cursor) } }))
    return { items: page.webhooks, next: page.nextCursor }
  }, [])
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const writes = may('webhooks:write')
  return (
    <>
      <PageHead
        title="Webhooks"
        lead="Servers of yours that are told what happens: each delivery is signed, and tried again until it gets through."
        actions={
          writes && (
            <button type="button" class="primary" onClick={() => setAdding(true)}>
              <Icon name="plus" />
              Add an endpoint
            </button>
          )
        }
      />
      <ReadOnly needs="webhooks:write" what="the endpoints" />
      <PagedTable label="Endpoints" columns={columns} pages={webhooks} empty={<NoWebhooks />} />
      {adding && (
        <Dialog title="Add an endpoint" onClose={() => setAdding(false)} wide>
          <Form
            onSubmit={async (values) => {
              const made = await ask(api.POST('/api/webhooks', { body: readWebhook(values) }))
              setAdding(false)
              setSecret(made.secret)
              void webhooks.reload()
            }}
          >
            <WebhookFields />
            <DialogActions onCancel={() => setAdding(false)}>
              <Submit>Add</Submit>
            </DialogActions>
          </Form>
        </Dialog>
      )}
      {secret !== null && <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
    </>
  )
}

const columns: readonly Column<Webhook>[] = [
  {
    title: 'Endpoint',
    cell: ({ id, url, description }) => (
      <span class="row-title">
        <a href={at(`/settings/webhooks/${id}`)}>{url}</a>
        <small>{description}</small>
      </span>
    ),
  },
  {
    title: 'Status',
    cell: (webhook) => (
      <span class="badges">
        <State of={webhook.status} />
        {webhook.failingSince !== null && <Badge kind="danger">failing</Badge>}
      </span>
    ),
  },
  { title: 'Events', cell: ({ events }) => <small>{events.join(', ')}</small> },
  { title: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
]

function NoWebhooks() {
  return (
    <Empty
      icon="hook"
      title="No endpoints yet"
      action={
        <Snippet
          of="the command"
          text={`curl ${location.origin}/api/webhooks -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"url":"https://example.com/hooks","events":["interview.completed"]}'`}
        />
      }
    >
      Instead of asking again and again whether an interview is completed, be told: each event is sent to your
      endpoint with a signature that you check.
    </Empty>
  )
}
