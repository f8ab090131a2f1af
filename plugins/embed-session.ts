import type { FastifyRequest } from 'fastify'
import type { OpenSession } from '../services/embed/interview.ts'
import { actorOf } from './access.ts'

/** The interview that a request's session opens. */
export function sessionOf(request: FastifyRequest): OpenSession {
  const { organization, interviewId } = actorOf(request)
  if (!interviewId) throw new Error('this route is for interview sessions alone')
  return { organizationId: organization.id, interviewId }
}
