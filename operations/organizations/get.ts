import Type from 'typebox'
import { storedBytes } from '../../db/queries/files.ts'
import { findOrganization } from '../../db/queries/organizations.ts'
import { OrganizationSettings } from '../../schemas/organization.ts'
import { OrganizationGone, readOperation } from '../core/operation.ts'
import { serializeOrganization } from './serialize.ts'

/** Shows the caller's organization. */
export const getOrganization = readOperation({
  name: 'organization.get',
  summary: 'Get your organization',
  description:
    'Shows the settings of the organization, the limits and features of its plan, and how many bytes of files it stores.',
  access: 'organization:read',
  input: Type.Object({}),
  output: OrganizationSettings,
  async run({ read, organizationId, services }) {
    const [[row], [stored]] = await Promise.all([
      read((tx) => findOrganization(tx, organizationId)),
      read((tx) => storedBytes(tx, organizationId)),
    ])
    if (!row) throw new OrganizationGone()
    return serializeOrganization(row, services.config, stored?.bytes ?? 0)
  },
})
