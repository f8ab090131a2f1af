import { listAudit } from '../operations/audit/list.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** The audit log. */
export async function auditRoutes(app: Api): Promise<void> {
  rest(app, 'GET /audit', listAudit)
}
