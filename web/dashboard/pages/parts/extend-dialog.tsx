import { type AnswerTo, api, ask } from '../../app/api.ts'
import { instant } from '../../app/format.ts'
import { Confirm } from '../../components/confirm.tsx'
import { Field } from '../../components/form.tsx'
import { toast } from '../../components/toast.tsx'

/** An invite, as lists have it. */
export type Invite = AnswerTo<'/api/invites'>['invites'][number]

/** Gives a candidate more time. */
export function ExtendDialog({
  of,
  onClose,
  onDone,
}: {
  of: Invite
  onClose: () => void
  onDone: () => void
}) {
  return (
    <Confirm
      title="Give more time"
      action="Extend"
      kind="primary"
      onClose={onClose}
      onConfirm={async ({ hours = '24' }) => {
        const { expiresAt } = await ask(
          api.POST('/api/invites/{id}/extend', {
            params: { path: { id: of.id } },
            body: { hours: Number(hours) },
          }),
        )
        toast(`The invite is good until ${instant(expiresAt)}`)
        onDone()
      }}
    >
      <p>It expires on {instant(of.expiresAt)} as it stands.</p>
      <Field name="hours" label="Hours more" type="number" min={1} max={720} defaultValue="24" />
    </Confirm>
  )
}
