import { useState } from 'preact/hooks'
import { type AnswerTo, api, ask } from '../../app/api.ts'
import { localTime } from '../../app/local-time.ts'
import { go } from '../../app/router.ts'
import { Confirm } from '../../components/confirm.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Field, Form, SelectField, Submit } from '../../components/form.tsx'
import { toast } from '../../components/toast.tsx'
import { readWebhook, WebhookFields } from './webhook-form.tsx'
import { SecretDialog } from './webhook-secret.tsx'

/** An endpoint. */
export type Webhook = AnswerTo<'/api/webhooks/{id}'>

/** What can be done to an endpoint after a question. */
export type WebhookAct = 'edit' | 'rotate' | 'replay' | 'delete'

const graces = [
  ['24', '24 hours'],
  ['1', '1 hour'],
  ['72', '3 days'],
  ['168', '7 days'],
  ['0', 'None: it ends at once'],
] as const

const DAY_MS = 86_400_000

/** The questions before an endpoint is changed. */
export function WebhookDialogs({
  act,
  of,
  onClose,
  onChanged,
  onReplayed,
}: {
  act: WebhookAct
  of: Webhook
  onClose: () => void
  onChanged: (webhook: Webhook) => void
  onReplayed: () => void
}) {
  const [secret, setSecret] = useState<string | null>(null)
  const params = { path: { id: of.id } }
  if (secret !== null) return <SecretDialog secret={secret} onClose={onClose} />
  if (act === 'edit') {
    return (
      <Dialog title="Edit the endpoint" onClose={onClose} wide>
        <Form
          onSubmit={async (values) => {
            onChanged(await ask(api.PATCH('/api/webhooks/{id}', { params, body: readWebhook(values) })))
            toast('The endpoint is saved')
            onClose()
          }}
        >
          <WebhookFields of={of} />
          <DialogActions onCancel={onClose}>
            <Submit>Save</Submit>
          </DialogActions>
        </Form>
      </Dialog>
    )
  }
  if (act === 'rotate') {
    return (
      <Confirm
        title="Rotate the secret"
        action="Rotate"
        kind="primary"
        onClose={onClose}
        onConfirm={async ({ graceHours = '24' }) => {
          const body = { graceHours: Number(graceHours) }
          const { secret, ...webhook } = await ask(
            api.POST('/api/webhooks/{id}/rotate-secret', { params, body }),
          )
          onChanged(webhook)
          setSecret(secret)
        }}
      >
        <p>
          A new secret is made and shown once. For the time that you choose deliveries carry both signatures,
          so that your server can change over without missing one.
        </p>
        <SelectField name="graceHours" label="The replaced secret is good for" options={graces} />
      </Confirm>
    )
  }
  if (act === 'replay') {
    return (
      <Confirm
        title="Send failed deliveries again"
        action="Send again"
        kind="primary"
        onClose={onClose}
        onConfirm={async ({ since = '' }) => {
          const body = { since: new Date(since).toISOString() }
          const { deliveries } = await ask(api.POST('/api/webhooks/{id}/replay', { params, body }))
          toast(`${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'} put into the queue`)
          onReplayed()
          onClose()
        }}
      >
        <Field
          name="since"
          label="Those that failed since"
          type="datetime-local"
          defaultValue={localTime(new Date(Date.now() - DAY_MS).toISOString())}
        />
      </Confirm>
    )
  }
  return (
    <Confirm
      title="Delete the endpoint?"
      action="Delete"
      onClose={onClose}
      onConfirm={async () => {
        await ask(api.DELETE('/api/webhooks/{id}', { params }))
        toast('The endpoint is deleted')
        go('/settings/webhooks')
      }}
    >
      <p>
        <code>{of.url}</code> is told of nothing any more, what waits to be sent included.
      </p>
    </Confirm>
  )
}
