import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import t from 'tap'

// Statements that compare with the database's clock. What an organization has is compared with the organization's own
// (`timeOf` of db/queries/clock.ts); each file here says why it is none of that.
const byTheDatabase: Record<string, string> = {
  'clock.ts': 'sets an organization back to it',
  'keys.ts': 'the organization’s offset is subtracted too, by the second hand',
  'email-changes.ts': 'a person, not an organization, changes the address',
  'password-resets.ts': 'a person, not an organization, resets a password',
  'sessions.ts': 'a session is a person’s, who may switch to another organization with it',
  'session-uses.ts': 'a session is a person’s',
  'throttles.ts': 'attempts are counted by address and person',
  'webhook-locks.ts': 'locks for the sweep of what is old enough to be forgotten',
  'mail-allowances.ts': 'mailboxes are of people, whatever the time of an organization',
  'replicas.ts': 'leases of processes',
  'backlog.ts': 'jobs are queued by the database’s clock; deliveries go by the organization’s',
  'backup.ts': 'leases of processes',
  'files.ts': 'leases of uploads, which processes renew',
  'file-removals.ts': 'leases of uploads, which processes renew',
  'key-usage.ts': 'counts go by the access log, which has the real time',
  'leaks.ts': 'reports come from outside',
  'idempotency.ts': 'sweeps what is worth nothing any more; each use asks the organization’s clock',
  'events.ts': 'sweeps what is old enough to be forgotten',
  'invite-bulks.ts': 'sweeps what is old enough to be forgotten',
}

const NOW = String.raw`(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)|current_timestamp`
const COMPARED = new RegExp(
  String.raw`[<>]=?\s*(?:${NOW})|(?:${NOW})\s*(?:[<>]|-\s*(?:interval|make_interval))`,
)

t.test('what an organization has goes by the organization’s clock', async (t) => {
  const names = await readdir('db/queries')
  const found = names.filter((name) => COMPARED.test(readFileSync(`db/queries/${name}`, 'utf8')))
  t.same(found.sort(), Object.keys(byTheDatabase).sort())
})
