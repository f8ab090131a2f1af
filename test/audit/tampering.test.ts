import t from 'tap'
import { acceptChain } from '../../operations/audit/accept.ts'
import { verifyExport } from '../../operations/audit/export.ts'
import { verifyDatabase } from '../../operations/audit/verify.ts'
import { audited, written } from '../support/audit.ts'

t.setTimeout(300_000)

/** Makes every hash fit what is there, as whoever has read how they are made can. */
const rehash = `do $$
declare
  line audit_records;
  before bytea := decode(repeat('00', 32), 'hex');
  digest bytea;
begin
  for line in select * from audit_records order by sequence loop
    digest := sha256(convert_to(array_to_json(array['anteroom-audit-1', line.organization_id, line.sequence::text, line.id,
      to_char(line.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), line.actor_type, line.user_id,
      line.credential_id, line.action, line.target_type, line.target_id, line.ip, line.user_agent, line.request_id,
      line.changes, encode(before, 'hex')])::text, 'UTF8'));
    update audit_records set previous_hash = before, hash = digest where sequence = line.sequence;
    before := digest;
  end loop;
  update audit_heads set hash = before;
end $$`

const tamperings: Record<string, { statement: string; problem: RegExp }> = {
  'a changed record': {
    statement: `update audit_records set user_id = 'usr_someone' where sequence = 3`,
    problem: /was changed/,
  },
  'changed content with a hash made to fit': {
    statement: `update audit_records set action = 'key.other', hash = sha256('x') where sequence = 3`,
    problem: /was changed|hash of the record before/,
  },
  'a removed record': {
    statement: 'delete from audit_records where sequence = 3',
    problem: /record 3 is missing/,
  },
  'removed records at the beginning': {
    statement: 'delete from audit_records where sequence < 3',
    problem: /records 1–2 are missing/,
  },
  'a record taken off the end': {
    statement: 'delete from audit_records where sequence = (select max(sequence) from audit_records)',
    problem: /should end at record/,
  },
  'two records that changed places': {
    statement:
      'update audit_records set sequence = case sequence when 3 then -4 when 4 then -3 end where sequence in (3, 4); update audit_records set sequence = -sequence where sequence < 0',
    problem: /was changed/,
  },
  'an inserted record': {
    statement: `insert into audit_records select organization_id, sequence + 100, 'aud_forged', at, actor_type, user_id,
      credential_id, action, target_type, target_id, ip, user_agent, request_id, changes, previous_hash, hash
      from audit_records where sequence = 2`,
    problem: /was changed/,
  },
  'all records removed': {
    statement: 'delete from audit_records',
    problem: /should end at record/,
  },
  'a tail removed, and the end made to fit': {
    statement: `delete from audit_records where sequence > 3;
      update audit_heads set sequence = 3, hash = (select hash from audit_records where sequence = 3)`,
    problem: /the end of the chain was forged/,
  },
  'a tail removed, and the end made to fit without its authentication': {
    statement: `delete from audit_records where sequence > 3;
      update audit_heads set sequence = 3, mac = null, hash = (select hash from audit_records where sequence = 3)`,
    problem: /the end of the chain is not authenticated/,
  },
  'an end that names another anchor': {
    statement: 'update audit_heads set anchor = 7',
    problem: /the end of the chain was forged/,
  },
  'an end removed': {
    statement: 'delete from audit_heads',
    problem: /the end of the chain is not on record/,
  },
  'a whole history written anew, with hashes and an end to fit': {
    statement: `update audit_records set action = 'key.nothing' where sequence = 3; ${rehash}`,
    problem: /the end of the chain was forged/,
  },
  'a whole chain removed, and its end with it': {
    statement: 'delete from audit_records; delete from audit_heads',
    problem: /the chain is missing/,
  },
}

t.test('every tampering is seen', async (t) => {
  const { disk, verify, exported, organizationId, anchoring } = await audited(t)
  t.match(await verify(), { organizations: 1, problems: [] })
  t.match(await verifyExport(written(await exported()), anchoring.key), { organizations: 1, problems: [] })
  for (const [name, { statement, problem }] of Object.entries(tamperings)) {
    await disk.unsafe('create table kept as select * from audit_records')
    await disk.unsafe('create table kept_heads as select * from audit_heads')
    await disk.unsafe(statement)
    const { problems } = await verify()
    t.match(problems[0], { organizationId }, `${name}, in the database`)
    t.match(problems.map((found) => found.problem).join(), problem)
    // Of a chain without an end there is nothing in an export: the earlier one is what shows it.
    const offlineToo = !['an end removed', 'a whole chain removed, and its end with it'].includes(name)
    if (offlineToo) {
      const offline = await verifyExport(written(await exported()), anchoring.key)
      t.not(offline.problems.length, 0, `${name}, in an export`)
    }
    await disk.unsafe(
      'delete from audit_records; insert into audit_records select * from kept; drop table kept',
    )
    await disk.unsafe(
      'delete from audit_heads; insert into audit_heads select * from kept_heads; drop table kept_heads',
    )
    t.strictSame((await verify()).problems, [], `${name}, taken back`)
  }
})

t.test('the server never authenticates what stands on a forgery', async (t) => {
  const { disk, problems, record, organizationId, anchoring } = await audited(t)
  const state = async () => (await disk`select sequence, mac from audit_heads`)[0]
  await disk`delete from audit_records where sequence > 3`
  await disk`update audit_heads set sequence = 3, hash = (select hash from audit_records where sequence = 3)`
  for (const name of ['a', 'b', 'c', 'd']) await record(name)
  t.match(await state(), { sequence: '7', mac: null })
  t.match(await problems(), /the end of the chain is not authenticated/)

  await acceptChain(anchoring, organizationId, 'looked into it')
  t.equal(await problems(), '', 'an operator may accept it')
  const [accepted] = await disk`select * from audit_records order by sequence desc limit 1`
  t.match(accepted, {
    action: 'audit.accepted',
    actor_type: 'operator',
    changes: '{"reason":"looked into it"}',
  })
  await record('e')
  t.equal(await problems(), '', 'and it goes on from there')
})

t.test('a record that was written past the server is seen', async (t) => {
  const { disk, problems, record, organizationId } = await audited(t)
  await disk`select append_audit(${organizationId}, 'aud_forged', 'user', 'usr_someone', null, 'key.created', 'key', null,
    null, null, null, '{}')`
  t.match(await problems(), /the end of the chain is not authenticated/)
  await record('later')
  t.match(await problems(), /the end of the chain is not authenticated/)
})

t.test('a chain that was removed whole does not begin anew', async (t) => {
  const { disk, problems, record } = await audited(t)
  await disk.unsafe('delete from audit_records; delete from audit_heads')
  await record('A new beginning')
  const found = await problems()
  t.match(found, /is key.changed and not the creation of the organization/)
  t.match(found, /the end of the chain is not authenticated/)
})

t.test('an organization that never had a chain is named, and one that does not exist', async (t) => {
  const { disk, server, organizationId, verify, anchoring } = await audited(t)
  const other = await server.tenant()
  await disk`delete from audit_records where organization_id = ${other.organizationId}`
  await disk`delete from audit_heads where organization_id = ${other.organizationId}`
  t.match((await verify()).problems, [
    { organizationId: other.organizationId, sequence: 0, problem: 'the chain is missing' },
  ])
  const verifying = { ...anchoring, anchors: anchoring.store }
  t.match(await verifyDatabase(verifying, organizationId), { organizations: 1, problems: [] })
  t.match((await verifyDatabase(verifying, 'org_nobody')).problems, [{ problem: 'the chain is missing' }])
})

t.test(
  'several records in one transaction, and several transactions at once, leave an authentic end',
  async (t) => {
    const { server, keyId, accessToken, problems, disk } = await audited(t)
    const auth = { authorization: `Bearer ${accessToken}` }
    const made = await Promise.all(
      Array.from({ length: 3 }, (_, number) =>
        server.call('POST', '/api/keys', { headers: auth, body: { name: `Key ${number}` } }),
      ),
    )
    const rotations = await Promise.all(
      [keyId, ...made.map(({ body }) => body.id)].map((id) =>
        server.call('POST', `/api/keys/${id}/rotate`, { headers: auth }),
      ),
    )
    for (const { status, body } of rotations) t.equal(status, 201, JSON.stringify(body))
    t.ok(Number((await disk`select sequence from audit_heads`)[0]?.sequence) >= 6 + 3 + 2 * 4)
    t.equal(await problems(), '')
  },
)
