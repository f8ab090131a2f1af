import t from 'tap'
import { afterMigration } from '../../operations/audit/accept.ts'
import { audited } from '../support/audit.ts'

t.setTimeout(300_000)

t.test(
  'chains that are older than the authentication are authenticated when they are migrated',
  async (t) => {
    const one = await audited(t)
    const { server, disk, organizationId } = one
    const without = await server.tenant()
    const broken = await server.tenant()
    // As 0.1 left it: no authentication, an organization without a chain, and a chain with a gap.
    await disk`delete from audit_records where organization_id = ${without.organizationId}`
    await disk`delete from audit_heads where organization_id = ${without.organizationId}`
    await disk`delete from audit_records where organization_id = ${broken.organizationId} and sequence = 1`
    await disk`update audit_heads set mac = null`

    const { database, key } = one.anchoring
    await afterMigration(['0015_inviting_keys', '0018_audit_heads'], database, key)
    const ofBroken = { organizationId: broken.organizationId }
    t.match((await one.verify()).problems, [
      { ...ofBroken, problem: /record 1 is missing/ },
      { ...ofBroken, problem: /not the creation/ },
      { ...ofBroken, problem: /not authenticated/ },
    ])
    const actions = async (id: string) =>
      (await disk`select action from audit_records where organization_id = ${id} order by sequence`).map(
        ({ action }) => action,
      )
    t.strictSame(await actions(without.organizationId), ['audit.started'], 'a chain was begun')
    t.equal((await actions(organizationId)).at(-1), 'audit.started', 'and one continued')

    const records = async () => (await disk`select from audit_records`).count
    const before = await records()
    await afterMigration(['0017_something_else'], database, key)
    t.equal(await records(), before, 'no other migration does so')
    await one.record('later')
    t.equal((await one.verify()).problems.length, 3, 'chains go on')
  },
)
