import { resetClock } from '../../db/queries/clock.ts'
import { deleteOwnData, forgetKeptResponses } from '../../db/queries/sandbox.ts'
import { Strict } from '../../schemas/primitives.ts'
import { Reset } from '../../schemas/sandbox.ts'
import { writeOperation } from '../core/operation.ts'
import { removeBytesSoon } from '../files/remove.ts'

/** Deletes what an organization has created, and sets its clock back. */
export const resetSandbox = writeOperation({
  name: 'sandbox.reset',
  summary: 'Delete what the organization has created',
  description:
    'Deletes the campaigns, candidates, invites, interviews, answers, files and events of your organization, with the ' +
    'deliveries of these events, and sets its clock back. Members, keys, webhooks, settings and logs stay. You cannot ' +
    'undo it.',
  access: 'organization:write',
  input: Strict({}),
  output: Reset,
  async run({ tx, organizationId, services, audit, invalidate, afterCommit }) {
    await resetClock(tx, organizationId)
    const deleted = await deleteOwnData(tx, organizationId)
    await forgetKeptResponses(tx, organizationId)
    audit({
      action: 'sandbox.reset',
      targetType: 'organization',
      targetId: organizationId,
      changes: { deleted },
    })
    // Instances have cached by the old clock how long a key is valid.
    invalidate(`organization:${organizationId}`)
    afterCommit(() => removeBytesSoon(services.files))
    return { deleted }
  },
})
