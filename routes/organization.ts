import { getOrganization } from '../operations/organizations/get.ts'
import { patchOrganization } from '../operations/organizations/patch.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** The organization's own settings. */
export async function organizationRoutes(app: Api): Promise<void> {
  rest(app, 'GET /organization', getOrganization)
  rest(app, 'PATCH /organization', patchOrganization)
}
