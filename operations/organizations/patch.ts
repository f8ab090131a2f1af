import type { OrganizationRow } from '../../db/queries/accounts.ts'
import { storedBytes } from '../../db/queries/files.ts'
import { lockOrganization, updateOrganization } from '../../db/queries/organizations.ts'
import { notFound } from '../../schemas/errors.ts'
import { OrganizationPatch, OrganizationSettings } from '../../schemas/organization.ts'
import { changesBetween } from '../audit/audit.ts'
import { writeOperation } from '../core/operation.ts'
import { requireFeature } from '../plans/plans.ts'
import { readOrigins } from './origins.ts'
import { serializeOrganization } from './serialize.ts'

/** Changes what the patch names. */
export const patchOrganization = writeOperation({
  name: 'organization.update',
  summary: 'Change the settings of your organization',
  description:
    'Changes the fields that you name. They hold from the next request on, in every instance.\n\n' +
    '`allowedOrigins` are the pages that may embed interviews. With `requireTotp`, members without a second factor can ' +
    'only set one up until they have done so. Some settings need a plan that has the feature.',
  access: 'organization:write',
  input: OrganizationPatch,
  output: OrganizationSettings,
  example: { allowedOrigins: ['https://careers.example.com'], mediaRetentionDays: 90 },
  async run({ tx, organizationId, services, audit, invalidate }, patch) {
    const { config } = services
    const [before] = await lockOrganization(tx, organizationId)
    if (!before) throw notFound('Organization')
    if (patch.requireTotp) requireFeature(config.environment.name, before.plan, 'requireTotp')
    if (patch.leakedKeys === 'report') {
      requireFeature(config.environment.name, before.plan, 'reportLeakedKeys')
    }
    const change = {
      name: patch.name ?? before.name,
      allowedOrigins: patch.allowedOrigins ? readOrigins(patch.allowedOrigins) : before.allowedOrigins,
      requireTotp: patch.requireTotp ?? before.requireTotp,
      leakedKeys: patch.leakedKeys ?? before.leakedKeys,
      mediaRetentionDays: patch.mediaRetentionDays ?? before.mediaRetentionDays,
    }
    const [after] = await updateOrganization(tx, organizationId, change)
    const changes = changesBetween(before, change)
    if (Object.keys(changes).length > 0) {
      audit({
        action: 'organization.changed',
        targetType: 'organization',
        targetId: organizationId,
        changes,
      })
    }
    invalidate(`organization:${organizationId}`)
    const [stored] = await storedBytes(tx, organizationId)
    return serializeOrganization(after as OrganizationRow, config, stored?.bytes ?? 0)
  },
})
