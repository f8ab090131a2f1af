// A worker of its own process, for the test that kills it: argv holds the database's URL, the organization,
// the file and the key that seals its tokens.
import { environmentOf } from '../../config/environment.ts'
import { connect } from '../../db/connect.ts'
import { workThroughBulk } from '../../operations/invite-bulks/work.ts'

const [, , databaseUrl = '', organizationId = '', bulkId = '', key = ''] = process.argv
const environment = environmentOf('sandbox')
const database = connect(databaseUrl, environment, { max: 1 })
const services = {
  config: { environment },
  database,
  log: console,
  encryptionKey: Buffer.from(key, 'hex'),
  publicUrl: () => 'http://127.0.0.1',
  mailer: { possible: true, requireMail: () => {}, send: async () => {} },
}
await workThroughBulk(services as never, organizationId, bulkId)
await database.end()
