import { api, ask, type Key } from '../../app/api.ts'
import { keyName } from '../../app/keys.ts'
import { useOnce } from '../../app/once.ts'
import { go } from '../../app/router.ts'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Form, SelectField, Submit } from '../../components/form.tsx'
import { keepSecret } from './secrets.ts'

const graces = [
  ['1', '1 hour'],
  ['24', '24 hours'],
  ['72', '3 days'],
  ['168', '7 days'],
  ['720', '30 days'],
  ['0', 'None: it ends at once'],
] as const

/** Makes a successor, and leads to the cockpit that follows the change-over. */
export function RotateDialog({ of, onClose }: { of: Key; onClose: () => void }) {
  const once = useOnce()
  const rotate = async ({ graceHours = '24' }: Record<string, string>) => {
    const successor = await once((headers) =>
      ask(
        api.POST('/api/keys/{id}/rotate', {
          params: { path: { id: of.id } },
          headers,
          body: { graceHours: Number(graceHours) },
        }),
      ),
    )
    keepSecret(successor.id, successor.key)
    onClose()
    go(`/settings/keys/${of.id}/rotation`)
  }
  return (
    <Dialog title={`Rotate “${keyName(of)}”`} onClose={onClose}>
      <p>
        A successor with the same rights is made and shown once. The old key works on for the time that you
        choose, while you change your programs over; you see who still uses it, and can finish early or go
        back.
      </p>
      <Form onSubmit={rotate}>
        <SelectField name="graceHours" label="The old key works on for" options={graces} initial="24" />
        <DialogActions onCancel={onClose}>
          <Submit>Rotate</Submit>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
