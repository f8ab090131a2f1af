import Type, { type Static } from 'typebox'
import { keyUsage } from '../../db/queries/key-usage.ts'
import { badRequest } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { periodQuery, requireOrder } from '../../schemas/period.ts'
import { Instant, Strict } from '../../schemas/primitives.ts'
import { readOperation } from '../core/operation.ts'
import { readKey } from './find.ts'

const DAY_MS = 86_400_000
const widths = {
  hour: { usual: DAY_MS, longest: 31 * DAY_MS, told: '31 days' },
  day: { usual: 30 * DAY_MS, longest: 400 * DAY_MS, told: '400 days' },
} as const

const Input = Strict({
  id: Id('key'),
  interval: Type.Enum(['hour', 'day'], { default: 'hour' }),
  ...periodQuery,
})

/** Shows a key's requests and refused authentications over time. */
export const keyUsageOverTime = readOperation({
  name: 'keys.usage',
  summary: "Get a key's usage over time",
  description:
    'Counts the requests that the key let in and those that it did not, per hour or day, exact within a second. ' +
    'Without `from` it covers the last 24 hours, or the last 30 days for `interval=day`.',
  access: 'keys:read',
  input: Input,
  output: Type.Object(
    {
      usage: Type.Array(
        Type.Object({
          at: Instant({ description: 'The beginning of the hour or day, UTC' }),
          requests: Type.Integer({ description: 'Requests that the key let in' }),
          failures: Type.Integer({ description: 'Requests that the key did not let in' }),
        }),
      ),
    },
    { title: 'KeyUsage' },
  ),
  example: { interval: 'day' },
  async run(context, input) {
    const { read, organizationId } = context
    const { id, interval } = input
    const { from, to } = rangeOf(input)
    await readKey(context, id)
    return { usage: [...(await read((tx) => keyUsage(tx, organizationId, id, interval, from, to)))] }
  },
})

/** @throws ApiError 400 for a range that is empty or too long */
function rangeOf(input: Static<typeof Input>): { from: Date; to: Date } {
  const { usual, longest, told } = widths[input.interval]
  const to = input.to === undefined ? new Date() : new Date(input.to)
  const from = input.from === undefined ? new Date(to.getTime() - usual) : new Date(input.from)
  requireOrder(from, to)
  if (to.getTime() - from.getTime() > longest) {
    const message = `must be at most ${told} before to, for an interval of a ${input.interval}`
    throw badRequest('querystring.from', message)
  }
  return { from, to }
}
