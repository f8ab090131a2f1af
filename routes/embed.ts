import { completeEmbedInterview } from '../operations/embed/complete.ts'
import { getEmbedInterview } from '../operations/embed/get.ts'
import { pauseEmbedInterview } from '../operations/embed/pause.ts'
import { resumeEmbedInterview } from '../operations/embed/resume.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** What a candidate does with an interview session: below /api/embed. */
export async function embedRoutes(app: Api): Promise<void> {
  rest(app, 'GET /interview', getEmbedInterview)
  rest(app, 'POST /interview/pause', pauseEmbedInterview)
  rest(app, 'POST /interview/resume', resumeEmbedInterview)
  rest(app, 'POST /interview/complete', completeEmbedInterview)
}
