import { getLog } from '../operations/logs/get.ts'
import { listLogs } from '../operations/logs/list.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** The access log. */
export async function logRoutes(app: Api): Promise<void> {
  rest(app, 'GET /logs', listLogs)
  rest(app, 'GET /logs/:requestId', getLog)
}
