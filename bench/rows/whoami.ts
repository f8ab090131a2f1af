import { keyAndUser } from '../harness/anteroom.ts'
import { startServer } from '../harness/process.ts'
import { ratioOf } from './ratio.ts'
import type { Row } from './row.ts'

const TARGET = 0.5

/** What identity, limits, headers and log cost: everything on, against nothing at all. */
export const whoami: Row = {
  name: 'whoami',
  title: 'GET /api/whoami with both headers, everything on / a bare Fastify route with the same JSON',
  target: `>= ${TARGET}`,
  async measure(stage, pace) {
    const headers = [keyAndUser(stage.tenant)]
    const anteroom = { name: 'anteroom', url: stage.anteroom.url, path: '/api/whoami', headers }
    const answer = await fetch(anteroom.url + anteroom.path, {
      headers: headers[0] as Record<string, string>,
    })
    const bare = await startServer({
      script: new URL('../candidates/bare-whoami.ts', import.meta.url),
      env: { BODY: await answer.text() },
      readyPath: '/whoami',
    })
    try {
      return await ratioOf(
        stage,
        pace,
        [anteroom, { name: 'bare Fastify', url: bare.url, path: '/whoami', headers }],
        TARGET,
      )
    } finally {
      await bare.stop()
    }
  },
}
