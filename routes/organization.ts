import { storedBytes } from '../db/queries/files.ts'
import { findOrganization } from '../db/queries/organizations.ts'
import { patchOrganization, presentOrganization } from '../operations/organizations/organization.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { notFound } from '../schemas/errors.ts'
import { OrganizationPatch, OrganizationSettings } from '../schemas/organization.ts'
import { type Api, answers } from './api.ts'

/** The organization's own settings. */
export async function organizationRoutes(app: Api): Promise<void> {
  const { config, tenancy } = app

  app.get(
    '/organization',
    {
      config: { access: 'organization:read' },
      schema: {
        tags: ['Organization'],
        operationId: 'getOrganization',
        summary: 'The organization: its settings, and what its plan allows',
        response: answers({ 200: OrganizationSettings }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const { id } = actorOf(request).organization
      const [[row], [stored]] = await Promise.all([
        tenancy.read(id, (tx) => findOrganization(tx, id)),
        tenancy.read(id, (tx) => storedBytes(tx, id)),
      ])
      if (!row) throw notFound('Organization')
      return presentOrganization(row, config, stored?.bytes ?? 0)
    },
  )

  app.patch(
    '/organization',
    {
      config: { access: 'organization:write' },
      schema: {
        tags: ['Organization'],
        operationId: 'patchOrganization',
        summary: 'Change the organization’s settings',
        body: OrganizationPatch,
        response: answers({ 200: OrganizationSettings }, 400, 401, 403, 429),
      },
    },
    async (request, reply) => {
      const { id } = actorOf(request).organization
      const organization = await app.writeAs(request, reply, (tx) =>
        patchOrganization(tx, config, auditContextOf(request), request.body),
      )
      await app.changes.settle([`organization:${id}`])
      return organization
    },
  )
}
