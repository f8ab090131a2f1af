import fc from 'fast-check'
import t from 'tap'
import { generateCredential } from '../../credentials/format.ts'
import { formatRecord, type RequestRecord } from '../../operations/access-log/record.ts'
import { idFloor, idTime } from '../../schemas/id-time.ts'
import { newId } from '../../schemas/ids.ts'

const FIELDS = 16

function record(fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: newId('req'),
    organizationId: null,
    method: 'GET',
    url: '/api/whoami',
    status: 200,
    durationMs: 1.23456,
    ip: '127.0.0.1',
    userAgent: 'curl/8.0',
    access: 'authenticated',
    credentialType: null,
    keyId: null,
    keyHash: null,
    userId: null,
    reason: null,
    failed: false,
    ...fields,
  }
}

t.test('whatever a caller sends, a record is one line of as many fields', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 700 })
  fc.assert(
    fc.property(text, text, text, (url, userAgent, reason) => {
      const line = formatRecord(record({ url, userAgent, reason }))
      const stored = Buffer.from(line).toString()
      return (
        stored.endsWith('\n') &&
        stored.indexOf('\n') === stored.length - 1 &&
        stored.split('\t').length === FIELDS &&
        !/[\0\r]/.test(stored) &&
        stored.length < 2000
      )
    }),
  )
  t.end()
})

t.test('no query string and no credential is in it, not even one that the cut goes through', (t) => {
  const credentials = (['sk_live_', 'sk_dev_', 'at_', 'inv_'] as const).map((prefix) =>
    generateCredential(prefix),
  )
  fc.assert(
    fc.property(fc.constantFrom(...credentials), fc.nat(600), ({ text, secret }, before) => {
      const padding = `/${'x'.repeat(before)}`
      const line = formatRecord(
        record({
          url: `${padding}/${text}?key=${text}`,
          userAgent: `${padding} ${text}`,
          reason: text,
        }),
      )
      return !line.includes(secret.slice(0, 9)) && !line.includes('key=')
    }),
  )
  t.end()
})

t.test('an id tells its time, and its time tells where it sorts', (t) => {
  const before = Date.now()
  const id = newId('req')
  const at = idTime(id)
  t.ok(at >= before && at <= Date.now())
  t.equal(formatRecord(record({ id })).split('\t')[2], String(at))
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (one, other) => {
      const times = [one * 1000, other * 1000] as const
      const floors = times.map((time) => idFloor('req', time)) as [string, string]
      return (
        idTime(floors[0]) === times[0] &&
        floors[0] < floors[1] === times[0] < times[1] &&
        floors[0] <= `${floors[0]}0`
      )
    }),
  )
  t.ok(idFloor('req', at) < id && id < idFloor('req', at + 1))
  t.end()
})
