import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { findCampaign } from '../../db/queries/campaigns.ts'
import { sqlState } from '../../db/unavailable.ts'
import { newId } from '../../schemas/ids.ts'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'
import { twoTenants } from './two-tenants.ts'

t.test('reads', async (t) => {
  const server = await testApp(t)
  const { tenancy } = server.app
  const { admin, one, two } = await twoTenants(t, server)

  t.test("an organization's reads of one turn share a transaction, and nobody else's", async (t) => {
    const readAll = () =>
      Promise.all(
        [one, two, one, one, two].map(async ({ organizationId }) => {
          const [row] = await tenancy.read(
            organizationId,
            (tx) => tx`select pg_backend_pid() || ' ' || now() as transaction, id from campaigns`,
          )
          return { transaction: String(row?.transaction), id: row?.id }
        }),
      )
    const turn = await readAll()
    t.same(
      turn.map(({ id }) => id),
      [one, two, one, one, two].map(({ campaignId }) => campaignId),
    )
    const [first, second] = turn.map(({ transaction }) => transaction)
    t.not(first, second)
    t.same(
      turn.map(({ transaction }) => transaction),
      [first, second, first, first, second],
    )
    const next = await readAll()
    t.notOk(
      next.some(({ transaction }) => transaction === first || transaction === second),
      'it ended with the turn',
    )
  })

  t.test('more organizations read in one turn than there are wires', async (t) => {
    const reads = Array.from({ length: 40 }, async (_, index) => {
      const known = [one, two][index % 10]
      const rows = await tenancy.read(
        known?.organizationId ?? newId('org'),
        (tx) => tx`select id from campaigns`,
      )
      return rows.map(({ id }) => id).join() === (known?.campaignId ?? '')
    })
    t.same(new Set(await Promise.all(reads)), new Set([true]))
  })

  t.test('an error in a read is its own alone', async (t) => {
    const reads = Array.from({ length: 60 }, (_, index) => {
      if (index % 3 === 0)
        return tenancy.read(one.organizationId, (tx) => tx`select 1 / (${index}::int - ${index}::int)`)
      const { organizationId } = index % 3 === 1 ? one : two
      return tenancy.read(organizationId, (tx) => tx`select id from campaigns`)
    })
    const outcomes = await Promise.allSettled(reads)
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 3 === 0) t.match(outcome, { status: 'rejected', reason: { code: '22012' } })
      else t.same(outcome, { status: 'fulfilled', value: [{ id: (index % 3 === 1 ? one : two).campaignId }] })
    }
    const [again] = await tenancy.read(two.organizationId, (tx) =>
      findCampaign(tx, two.organizationId, two.campaignId),
    )
    t.equal(again?.id, two.campaignId, 'and the wire is clean after it')
  })

  t.test('hundreds of first reads at once, on wires that are still cold, never mix', async (t) => {
    // A server of its own on the same rows: no statement of it is prepared, no wire connected.
    const cold = await testApp(t, {}, server)
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, index) => {
        const tenant = index % 2 === 0 ? one : two
        const shape = index % 8
        return cold.app.tenancy
          .read(tenant.organizationId, (tx) =>
            shape < 4
              ? tx`select id, organization_id as owner from campaigns`
              : tx`select id, ${shape}::int as shape, organization_id as owner from campaigns where name <> ${'nobody'}`,
          )
          .then((rows) => ({ tenant, rows }))
      }),
    )
    const wrong = answers.filter(
      ({ tenant, rows }) =>
        rows.length !== 1 || rows[0]?.id !== tenant.campaignId || rows[0]?.owner !== tenant.organizationId,
    )
    t.same(wrong, [])
  })

  t.test(
    'a connection that is cut gives an error or the right rows: no row of others, and none too few',
    async (t) => {
      let right = 0
      let refused = 0
      const wrong: unknown[] = []
      const readOnce = async (index: number): Promise<void> => {
        const tenant = index % 2 === 0 ? one : two
        try {
          const rows = await tenancy.read(
            tenant.organizationId,
            (tx) => tx`select id from campaigns where name <> ${'x'}`,
          )
          if (rows.length === 1 && rows[0]?.id === tenant.campaignId) right += 1
          else wrong.push(rows)
        } catch (error) {
          const state = sqlState(error) ?? (error as NodeJS.ErrnoException).code ?? String(error)
          if (/^(57P01|CONNECTION_|ECONNRESET|EPIPE)/.test(state)) refused += 1
          else wrong.push(state)
        }
      }
      for (let round = 0; round < 6; round += 1) {
        const reads = Array.from({ length: 300 }, (_, index) => readOnce(index))
        // In the middle of them: once the first has its answer.
        const killed = Promise.race(reads).then(
          () => admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state is not null`,
        )
        // And while the wires connect again: the driver sends some of what waits behind what comes now.
        for (let turn = 0; turn < 100; turn += 1) {
          reads.push(readOnce(turn), readOnce(turn + 1))
          await setTimeout(1)
        }
        await Promise.all([...reads, killed])
      }
      t.same(wrong, [])
      t.ok(right > 0, `${right} reads were answered, ${refused} refused`)
      // The wires take turns: each has noticed that its connection was cut.
      await until(async () => {
        const before = refused
        for (let turn = 0; turn < 4; turn += 1) await readOnce(turn)
        return refused === before
      }, 'every wire to be connected again')
    },
  )

  t.test('a table that changes its columns while it is read loses no answer', async (t) => {
    const wrong: unknown[] = []
    for (let round = 0; round < 4; round += 1) {
      const readAll = () =>
        Promise.allSettled(
          Array.from({ length: 40 }, async (_, index) => {
            const tenant = index % 2 === 0 ? one : two
            const rows = await tenancy.read(tenant.organizationId, (tx) =>
              findCampaign(tx, tenant.organizationId, tenant.campaignId),
            )
            if (rows.length !== 1 || rows[0]?.id !== tenant.campaignId) wrong.push(rows.length)
          }),
        )
      await readAll()
      await admin`alter table campaigns add column ${admin(`later_${round}`)} integer`
      const outcomes = await readAll()
      for (const outcome of outcomes) if (outcome.status === 'rejected') wrong.push(String(outcome.reason))
    }
    t.same(wrong, [])
  })
})
