import { findClock } from '../../db/queries/clock.ts'
import { Strict } from '../../schemas/primitives.ts'
import { Clock } from '../../schemas/sandbox.ts'
import { OrganizationGone, readOperation } from '../core/operation.ts'

/** Shows what time it is for the organization. */
export const getClock = readOperation({
  name: 'sandbox.getClock',
  summary: "Get the organization's time",
  description:
    'Every organization of the sandbox has a clock. It shows the real time until you move it ahead. Everything that ' +
    'the organization has goes by this clock.',
  access: 'organization:read',
  input: Strict({}),
  output: Clock,
  async run({ read, organizationId }) {
    const [clock] = await read((tx) => findClock(tx, organizationId))
    if (!clock) throw new OrganizationGone()
    return clock
  },
})
