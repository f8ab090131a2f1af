import { startAnteroom } from '../harness/anteroom.ts'
import { rankTest } from '../harness/rank-test.ts'
import { spreadOf } from '../harness/stats.ts'
import type { Row } from './row.ts'

const TRIES = 200
const WARM_UP = 20
const LEAST_P = 0.01
const REFUSED = 401
const MADE = 201
const email = 'known@bench.example'

/**
 * Whether the time that a refused log-in takes tells a known e-mail address from an unknown one. The cost of bcrypt is
 * lower than the default, so that a difference in the rest of the work would stand out more.
 */
export const loginTiming: Row = {
  name: 'login-timing',
  title: `log-in with a wrong password, ${TRIES} tries each: known / unknown e-mail address, and a rank test`,
  target: `p >= ${LEAST_P} (Mann-Whitney U, two-sided)`,
  async measure(stage) {
    const server = await startAnteroom({
      DATABASE_URL: stage.databaseUrl,
      DATA_DIR: await stage.newFolder(),
      PASSWORD_BCRYPT_COST: '10',
      AUTH_FAILURES_PER_MINUTE: '1000000',
      TRUST_PROXY: '127.0.0.1',
    })
    try {
      await signUp(server.url)
      const known: number[] = []
      const unknown: number[] = []
      for (let count = -WARM_UP; count < TRIES; count++) {
        // Taking turns, in an order that nobody foresees: what else the machine does hits both.
        const knownFirst = Math.random() < 0.5
        for (const isKnown of [knownFirst, !knownFirst]) {
          const milliseconds = await tryLogIn(server.url, isKnown, count)
          if (count >= 0) (isKnown ? known : unknown).push(milliseconds)
        }
      }
      const { p, superiority } = rankTest(known, unknown)
      const ratio = spreadOf(known.map((value, index) => value / (unknown[index] ?? value)))
      const medians = [spreadOf(known).median, spreadOf(unknown).median] as const
      return {
        value: ratio,
        unit: '×',
        holds: p >= LEAST_P,
        note: `p = ${p.toFixed(3)}, a known one was slower in ${(superiority * 100).toFixed(1)} % of all pairs; medians ${medians.map((value) => `${value.toFixed(1)} ms`).join(' and ')}`,
        details: { p, superiority, known, unknown },
      }
    } finally {
      await server.stop()
    }
  },
}

async function signUp(url: string): Promise<void> {
  const body = { email, password: 'a password that nobody guesses', name: 'Bench', organizationName: 'Bench' }
  const response = await post(`${url}/api/auth/signup`, body, '192.0.2.1')
  if (response.status !== MADE) throw new Error(`sign-up answered ${response.status}`)
}

// Each try comes from an address of its own, so that no throttle is in the way.
async function tryLogIn(url: string, isKnown: boolean, count: number): Promise<number> {
  const address = `10.${isKnown ? 1 : 2}.${count < 0 ? 255 : 0}.${Math.abs(count)}`
  const body = { email: isKnown ? email : 'absent@bench.example', password: 'not the right password' }
  const began = performance.now()
  const response = await post(`${url}/api/auth/login`, body, address)
  const milliseconds = performance.now() - began
  if (response.status !== REFUSED) throw new Error(`a wrong password was answered with ${response.status}`)
  return milliseconds
}

async function post(url: string, body: unknown, address: string): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify(body),
  })
  await response.arrayBuffer()
  return response
}
