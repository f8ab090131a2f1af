import { newId } from '../../schemas/ids.ts'
import { isDelivered, type Outcome } from '../webhooks/send.ts'
import type { Drill, DrillMessage, Report } from './drill.ts'

const HOUR_MS = 3_600_000

/** An event that comes twice: a receiver acts on it once, by its id. */
export const webhookDuplicate: Drill = {
  access: 'webhooks:write',
  needsReceiver: true,
  async run({ receiver }, report) {
    const event = message({ drill: 'webhook-duplicate' })
    arrives(report, `Send ${event.id}`, await receiver.send(event))
    arrives(report, 'Send it again: same id, same body', await receiver.send(event))
  },
}

/** Two events that come in the other order: a receiver goes by `createdAt`. */
export const webhookReorder: Drill = {
  access: 'webhooks:write',
  needsReceiver: true,
  async run({ receiver }, report) {
    const older = message({ drill: 'webhook-reorder', place: 1 }, Date.now() - 1000)
    const newer = message({ drill: 'webhook-reorder', place: 2 })
    arrives(report, `Send the newer event, ${newer.id}`, await receiver.send(newer))
    arrives(report, `Send the older one, ${older.id}`, await receiver.send(older))
  },
}

/** An event that comes an hour late: its signature is of now, and it is to be taken. */
export const webhookDelay: Drill = {
  access: 'webhooks:write',
  needsReceiver: true,
  async run({ receiver }, report) {
    const late = message({ drill: 'webhook-delay' }, Date.now() - HOUR_MS)
    arrives(report, `Send ${late.id}, which happened an hour ago`, await receiver.send(late))
  },
}

/** Messages that are not from here, or were changed on their way, or are old: a receiver refuses them. */
export const webhookSignature: Drill = {
  access: 'webhooks:write',
  needsReceiver: true,
  async run({ receiver }, report) {
    arrives(
      report,
      'Send a message as it should be',
      await receiver.send(message({ drill: 'webhook-signature' })),
    )
    for (const fault of ['foreign secret', 'changed body', 'old timestamp'] as const) {
      const outcome = await receiver.send({ ...message({ drill: 'webhook-signature' }), fault })
      const refused = outcome.status !== null && outcome.status >= 400 && outcome.status < 500
      report.note(`Send one with a fault: ${fault}`, 'refused with 4xx', describe(outcome), refused)
    }
  },
}

function message(data: Record<string, unknown>, at: number = Date.now()): DrillMessage {
  return { id: newId('evt'), createdAt: new Date(at), data }
}

function arrives(report: Report, step: string, outcome: Outcome): void {
  report.note(step, '2xx', describe(outcome), isDelivered(outcome))
}

function describe({ status, error, durationMs }: Outcome): string {
  return `${status ?? error} after ${durationMs} ms`
}
