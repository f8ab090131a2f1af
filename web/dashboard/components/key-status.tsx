import type { Key } from '../app/api.ts'
import { ageInDays } from '../app/format.ts'
import { Badge } from './badge.tsx'

const OLD_DAYS = 90
const kinds = { active: 'ok', retiring: 'warn', expired: 'plain', revoked: 'danger' } as const

/** Where in its life a key is, its stage, and whether it has become old. */
export function KeyStatus({ of: { status, rotationDue, createdAt, stage } }: { of: Key }) {
  return (
    <span class="badges">
      <Badge kind={kinds[status]}>{status.charAt(0).toUpperCase() + status.slice(1)}</Badge>
      {stage !== 'production' && <Badge kind="plain">{stage}</Badge>}
      {rotationDue && (
        <Badge kind="warn">
          <span title={`Rotate keys every ${OLD_DAYS} days`}>{ageInDays(createdAt)} days old</span>
        </Badge>
      )}
    </span>
  )
}
