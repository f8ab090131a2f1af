import t from 'tap'
import { testServer } from '../support/postgres.ts'
import { client } from './embedded-harness.ts'

t.test('the server of the tests', async (t) => {
  const { url } = await testServer()
  t.equal((await testServer()).url, url)
  const [row] = await client(t, url)`
    select current_setting('fsync') as fsync, current_setting('max_connections') as connections`
  t.same(row, { fsync: 'off', connections: '300' })
})
