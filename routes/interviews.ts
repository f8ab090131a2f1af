import { getInterview } from '../operations/interviews/get.ts'
import { listInterviews } from '../operations/interviews/list.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Interviews, as the organization sees them. */
export async function interviewRoutes(app: Api): Promise<void> {
  rest(app, 'GET /interviews', listInterviews)
  rest(app, 'GET /interviews/:id', getInterview)
}
