import { bearer } from '../harness/anteroom.ts'
import { startServer } from '../harness/process.ts'
import { ratioOf } from './ratio.ts'
import type { Row } from './row.ts'

const TARGET = 0.65
/** As db/connect.ts, and as postgres.js has it by default. */
const POOL_SIZE = '10'

/** What tenancy costs: transaction, row-level security, against the query alone. */
export const campaigns: Row = {
  name: 'campaigns',
  title:
    'GET /api/campaigns, 20 rows / a bare Fastify route with the same query by postgres.js, without tenancy',
  target: `>= ${TARGET}`,
  async measure(stage, pace) {
    const headers = [bearer(stage.tenant.key)]
    const who = await fetch(`${stage.anteroom.url}/api/whoami`, { headers: bearer(stage.tenant.key) })
    const { organization } = (await who.json()) as { organization: { id: string } }
    const raw = await startServer({
      script: new URL('../candidates/raw-campaigns.ts', import.meta.url),
      env: {
        DATABASE_URL: stage.superuserUrl,
        SCHEMA: 'sandbox',
        ORGANIZATION_ID: organization.id,
        POOL_SIZE,
      },
      readyPath: '/campaigns',
    })
    try {
      return await ratioOf(
        stage,
        pace,
        [
          { name: 'anteroom', url: stage.anteroom.url, path: '/api/campaigns', headers },
          { name: 'raw query', url: raw.url, path: '/campaigns', headers },
        ],
        TARGET,
      )
    } finally {
      await raw.stop()
    }
  },
}
