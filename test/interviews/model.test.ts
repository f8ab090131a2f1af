import fc from 'fast-check'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { type Desk, openDesk } from '../support/interviews.ts'
import {
  advance,
  answer,
  type Command,
  cancel,
  comeBack,
  complete,
  erase,
  exchange,
  extend,
  inviteSomebody,
  look,
  type Real,
  resend,
  steer,
  toggleCampaign,
} from './commands.ts'
import { Model } from './model.ts'

const RUNS = 15
const LENGTH = 60

/** How many events of a type tell of a campaign: among them are those that the campaigns of earlier runs come to. */
async function countEvents(desk: Desk, type: string, campaignId: string): Promise<number> {
  let count = 0
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = `limit=100&type=${type}${cursor ? `&cursor=${cursor}` : ''}`
    const { body } = await desk.ask('GET', `/api/events?${query}`)
    const events: { id: string; data: { campaignId: string } }[] = body.events
    count += events.filter(({ data }) => data.campaignId === campaignId).length
    // Ids sort by time: nothing that is older than the campaign tells of it.
    const isOlder = (events.at(-1)?.id.slice('evt_'.length) ?? '') < campaignId.slice('cmp_'.length)
    cursor = isOlder ? null : body.nextCursor
  }
  return count
}

t.test('whatever is done in whatever order, invites and interviews are what the model says', async (t) => {
  const server = await testApp(t)
  const desk = await openDesk(server)
  let people = 0
  const index = fc.nat({ max: 20 })
  const of = <A extends unknown[]>(
    make: (...values: A) => Command,
    ...parts: { [I in keyof A]: fc.Arbitrary<A[I]> }
  ) => fc.tuple(...parts).map((values) => make(...(values as A)))
  const exchanges = of(exchange, index, fc.constantFrom(0, 0, 0, 1), fc.constantFrom(1, 1, 5))
  const comesBack = of(comeBack, index, fc.constantFrom(0, 0, 0, 1), fc.constantFrom(0, 0, 1))
  const answers = of(
    answer,
    index,
    fc.constantFrom('why' as const, 'which' as const, 'how' as const),
    fc.constantFrom('one', 'other', 'another'),
  )
  const commands = [
    of(inviteSomebody, index, fc.constantFrom(1, 2, 24)),
    of(inviteSomebody, index, fc.constantFrom(1, 2, 24)),
    exchanges,
    comesBack,
    comesBack,
    of(cancel, index),
    of(extend, index, fc.constantFrom(1, 700)),
    of(resend, index),
    of(look, index, fc.boolean()),
    answers,
    answers,
    of(steer, index, fc.constantFrom('pause' as const, 'resume' as const), fc.boolean()),
    of(complete, index),
    of(advance, fc.constantFrom(10, 30, 60, 120, 24 * 60)),
    fc.constant(null).map(toggleCampaign),
    of(erase, index),
  ]
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: LENGTH, size: 'max' }), async (sequence) => {
      const model = new Model()
      const { id: campaignId } = await desk.campaign()
      const person = () => {
        people += 1
        return { email: `model-${people}@example.com`, name: `Person ${people}` }
      }
      const real: Real = { server, desk, campaignId, person }
      await fc.asyncModelRun(() => ({ model, real }), sequence)
      for (const type of [
        'invite.created',
        'invite.expired',
        'invite.cancelled',
        'interview.started',
        'interview.paused',
        'interview.completed',
        'interview.abandoned',
      ]) {
        const told = await countEvents(desk, type, campaignId)
        const expected = model.events.get(type) ?? 0
        if (told !== expected) throw new Error(`${told} events ${type} instead of ${expected}`)
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
  t.pass(`${RUNS} runs of up to ${LENGTH} commands`)
})
