import packageJson from '../../package.json' with { type: 'json' }
import { type Server, startServer } from './process.ts'

const POSTED = 201

/** Anteroom as anyone starts it, with everything on: only the limits are out of the load's reach. */
export function startAnteroom(env: Readonly<Record<string, string>>): Promise<Server> {
  return startServer({
    script: new URL('../../server.ts', import.meta.url),
    nodeOptions: startOptions(),
    env: {
      ANTEROOM_ENV: 'sandbox',
      RATE_LIMIT_PER_MINUTE: '1000000000',
      LOG_LEVEL: 'warn',
      // Several servers of one database need one key.
      ...(env.DATABASE_URL
        ? { ENCRYPTION_KEY: Buffer.alloc(32, 'a key for benches').toString('base64') }
        : {}),
      ...env,
    },
    readyPath: '/readyz',
  })
}

/** The options that `npm start` gives to Node before the script. */
function startOptions(): string[] {
  const [node, ...rest] = packageJson.scripts.start.split(' ')
  const script = rest.pop()
  if (node !== 'node' || script !== 'server.ts')
    throw new Error(`cannot read npm start: ${packageJson.scripts.start}`)
  // The server is started in another folder.
  return rest.map((option) =>
    option.startsWith('./') ? new URL(`../../${option}`, import.meta.url).href : option,
  )
}

/** An organization of the bench's own, made through the public API. */
export interface Tenant {
  readonly accessToken: string
  readonly key: string
}

/**
 * Signs up and makes a key and campaigns.
 * @throws Error when the API refuses
 */
export async function makeTenant(url: string, campaignCount: number): Promise<Tenant> {
  const account = {
    email: `bench-${Date.now()}@example.com`,
    password: 'correct horse battery staple 9',
    name: 'Bench',
    organizationName: 'Bench',
  }
  const { accessToken } = await post<{ accessToken: string }>(`${url}/api/auth/signup`, {}, account)
  const key = await makeKey(url, accessToken)
  for (let count = 0; count < campaignCount; count++) {
    await post(`${url}/api/campaigns`, bearer(key), campaign(count))
  }
  return { accessToken, key }
}

/**
 * Makes one more key of the token's organization.
 * @throws Error when the API refuses
 */
export async function makeKey(url: string, accessToken: string): Promise<string> {
  const { key } = await post<{ key: string }>(`${url}/api/keys`, bearer(accessToken), { name: 'bench' })
  return key
}

/** `Authorization` with a key or a token. */
export function bearer(credential: string): { authorization: string } {
  return { authorization: `Bearer ${credential}` }
}

/** Both headers: the organization's key and the user's token. */
export function keyAndUser({ accessToken, key }: Tenant): Record<string, string> {
  return { 'x-api-key': key, ...bearer(accessToken) }
}

function campaign(count: number) {
  return {
    name: `Backend engineer ${count}`,
    description: 'A first talk about what you have built, and how.',
    language: 'en',
    questions: [
      { prompt: 'Tell us about a system that you are proud of.', kind: 'text' },
      {
        prompt: 'Which of these have you run in production?',
        kind: 'choice',
        options: ['PostgreSQL', 'Kafka'],
      },
    ],
    metadata: { team: 'platform', requisition: `R-${1000 + count}` },
  }
}

async function post<T>(url: string, headers: Record<string, string>, body: unknown): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (response.status !== POSTED) throw new Error(`POST ${url} answered ${response.status}: ${text}`)
  return JSON.parse(text) as T
}
