import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { Demo } from './demo.ts'

/** What a start can say of itself. */
interface Started {
  readonly config: Pick<Config, 'dataDir' | 'environment' | 'logFormat'>
  readonly log: { info(fields: object, message: string): void }
  publicUrl(): string
}

/**
 * Says that the server is up. People get a text on the standard output. With `LOG_FORMAT=json` that output is for
 * programs which keep it: they get one line without a secret, and the text goes to `welcome.txt` in `DATA_DIR`, which
 * only this user can read.
 * @param demo what the first start of a sandbox has made
 * @param inUse whether there is an organization; without one the operator learns how to make the first owner
 */
export async function announce(
  { config, log, publicUrl }: Started,
  demo: Demo | null,
  inUse: boolean,
): Promise<void> {
  const url = publicUrl()
  const { name: environment } = config.environment
  const text = welcome(url, environment, demo, inUse)
  if (config.logFormat !== 'json') {
    process.stdout.write(text)
    return
  }
  const file = join(config.dataDir, 'welcome.txt')
  if (demo) await writeFile(file, text, { mode: 0o600 })
  const where = { baseUrl: `${url}/api`, reference: `${url}/docs`, dashboard: `${url}/dashboard` }
  log.info({ environment, ...where, ...(demo ? { firstCredentials: file } : {}) }, 'Anteroom is up')
}

/**
 * What a person reads who has just started the server: where it is and, at the first start of a sandbox, how to ask
 * it who they are. The curl lines are printed whole, to be pasted as they stand.
 * @param inUse whether there is an organization; without one the operator learns how to make the first owner
 */
export function welcome(publicUrl: string, environment: string, demo: Demo | null, inUse = true): string {
  const where = [
    `  Anteroom ${environment}`,
    '',
    `  Base URL    ${publicUrl}/api`,
    `  Reference   ${publicUrl}/docs`,
    `  Dashboard   ${publicUrl}/dashboard`,
  ]
  if (!demo) return `\n${[...where, ...(inUse ? [] : FIRST_OWNER)].join('\n')}\n\n`
  return `\n${[
    ...where,
    `  Log-in      ${demo.email}   ${demo.password}`,
    `  API key     ${demo.apiKey}`,
    '',
    '  The password and the key are shown this once. Paste one of these:',
    '',
    '  The key alone, server to server:',
    `    curl ${publicUrl}/api/whoami -H "Authorization: Bearer ${demo.apiKey}"`,
    `    curl ${publicUrl}/api/campaigns -H "Authorization: Bearer ${demo.apiKey}"`,
    '',
    '  The key with a user (the token lasts 15 minutes):',
    `    curl ${publicUrl}/api/whoami -H "x-api-key: ${demo.apiKey}" -H "Authorization: Bearer ${demo.accessToken}"`,
    '',
    '  Log in for another token:',
    `    curl ${publicUrl}/api/auth/login -H "Content-Type: application/json" -d '${JSON.stringify({ email: demo.email, password: demo.password })}'`,
  ].join('\n')}\n\n`
}

const FIRST_OWNER = [
  '',
  '  There is no organization yet. Create the first one with its owner:',
  '    npx anteroom organizations create "Acme" --owner-email ada@example.com --owner-name Ada',
]
