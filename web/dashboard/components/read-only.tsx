import { may, me } from '../app/session.ts'
import { Notice } from './notice.tsx'

/** Says to who may look on alone why there is nothing to press. */
export function ReadOnly({ needs, what }: { needs: string; what: string }) {
  if (may(needs)) return null
  return (
    <Notice>
      You are {me.value?.user?.role ?? 'here'} of {me.value?.organization.name}: you see {what}, and an owner
      or admin changes them.
    </Notice>
  )
}
