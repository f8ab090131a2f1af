import { randomBase62 } from '../../credentials/base62.ts'
import { hashPassword } from '../../credentials/secret.ts'
import { anyOrganization } from '../../db/queries/accounts.ts'
import type { CampaignCreate } from '../../schemas/campaigns.ts'
import { systemContext } from '../audit/audit.ts'
import { storeCampaign } from '../campaigns/create.ts'
import { change } from '../core/change.ts'
import type { Services } from '../core/services.ts'
import { systemAuthor } from '../keys/authors.ts'
import { drawKey, issueKey } from '../keys/issue.ts'
import { openSession } from '../sessions/open.ts'
import { createOrganization } from '../sign-up/create-organization.ts'

/** What a newcomer needs to make the first request: shown once. */
export interface Demo {
  readonly email: string
  readonly password: string
  readonly apiKey: string
  readonly accessToken: string
}

const DEMO_LOCK = 4_617_315_518

const campaigns: readonly CampaignCreate[] = [
  {
    name: 'Backend engineer, first round',
    description: 'Twenty minutes about services and the people who run them',
    questions: [
      {
        prompt: 'Tell us about a service that you kept running through a bad night.',
        kind: 'video',
        timeLimitSeconds: 180,
      },
      {
        prompt: 'Which of these would you look at first when requests slow down?',
        kind: 'choice',
        options: ['The database', 'The network', 'The last change'],
      },
      { prompt: 'What would you build differently today?', kind: 'text' },
    ],
  },
  {
    name: 'Customer support, Zürich',
    language: 'de',
    questions: [
      { prompt: 'Erzählen Sie von einem Gespräch, das gut ausging.', kind: 'audio', timeLimitSeconds: 120 },
    ],
  },
  { name: 'Sales lead', status: 'draft' },
]

/**
 * Fills an empty sandbox with an organization to try: an owner, one development key and three campaigns, all in one
 * transaction. Of several processes that start at once one does it.
 * @returns null where the environment holds an organization already
 */
export async function makeDemo(services: Services): Promise<Demo | null> {
  const { config } = services
  const email = 'owner@demo.example'
  const password = randomBase62(16)
  const [passwordHash, drawn] = await Promise.all([
    hashPassword(password, config.passwordBcryptCost),
    drawKey(config),
  ])
  const contextOf = (organizationId: string) => systemContext(organizationId, services.auditKey)
  const everywhere = { scope: 'system', organizationId: null, auditContext: null } as const
  const { value } = await change(services, everywhere, async ({ tx, audit, within }) => {
    await tx`select pg_advisory_xact_lock(${DEMO_LOCK})`
    if ((await anyOrganization(tx)).length > 0) return null
    const owner = await createOrganization(
      { tx, audit },
      { email, passwordHash, name: 'Demo Owner', organizationName: 'Demo Organization' },
      contextOf,
    )
    const { organizationId } = owner
    const report = { tx, ...within(organizationId, contextOf(organizationId)) }
    const author = systemAuthor(owner.userId)
    const facts = { name: 'Demo key', ...author.rights }
    const { key } = await issueKey(report, organizationId, author, facts, drawn)
    for (const campaign of campaigns) await storeCampaign(report, organizationId, campaign)
    const opened = await openSession(tx, config, owner, { ip: null, userAgent: 'first start' })
    return { email, password, apiKey: key, accessToken: opened.login.accessToken }
  })
  return value
}
