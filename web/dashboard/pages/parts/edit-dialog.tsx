import { useState } from 'preact/hooks'
import { api, ask, type Key } from '../../app/api.ts'
import { keyName } from '../../app/keys.ts'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { Form, Submit, type Values } from '../../components/form.tsx'
import { toast } from '../../components/toast.tsx'
import { KeyFields, readFacts } from './key-form.tsx'

/** Changes what a key is called and may do; sends what was changed alone. */
export function EditDialog({ of, onClose, onDone }: { of: Key; onClose: () => void; onDone: () => void }) {
  const [scopes, setScopes] = useState<readonly string[]>(of.scopes)
  const save = async (values: Values) => {
    const facts = readFacts(values, scopes)
    const before = { ...of, expiresAt: of.expiresAt?.slice(0, 16) }
    const after = { ...facts, expiresAt: facts.expiresAt?.slice(0, 16) }
    const changed = (Object.keys(facts) as (keyof typeof facts)[]).filter(
      (name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(after[name] ?? null),
    )
    if (changed.length === 0) return onDone()
    const body = Object.fromEntries(changed.map((name) => [name, facts[name]]))
    await ask(api.PATCH('/api/keys/{id}', { params: { path: { id: of.id } }, body }))
    toast(`“${facts.name}” is changed: in force at once`)
    onDone()
  }
  return (
    <Dialog title={`Edit “${keyName(of)}”`} onClose={onClose} wide>
      <Form onSubmit={save}>
        <KeyFields of={of} scopes={scopes} onScopes={setScopes} />
        <DialogActions onCancel={onClose}>
          <Submit>Save</Submit>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
