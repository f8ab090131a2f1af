import createClient from 'openapi-fetch'
import type { components, paths } from '../../openapi.d.ts'
import { Failure } from './failure.ts'
import { secondFactorMissing, sessionEnded } from './session-state.ts'

/** The API that integrators use, typed by its own document; the session is in a cookie that this script can't read. */
export const api = createClient<paths>({ baseUrl: '' })

type Operations = paths
/** What `GET path` answers with. */
export type AnswerTo<P extends keyof Operations> = Operations[P] extends {
  get: { responses: { 200: { content: { 'application/json': infer T } } } }
}
  ? T
  : never

export type ApiError = components['schemas'] extends { Error: infer T } ? T : never
export type Key = AnswerTo<'/api/keys/{id}'>
export type WhoAmI = AnswerTo<'/api/whoami'>
export type LogRecord = AnswerTo<'/api/logs'>['logs'][number]

/**
 * The answer to a call, or its failure thrown. A session that is over leads to the log-in.
 * @throws Failure
 */
export async function ask<R extends { data?: unknown; error?: unknown; response: Response }>(
  call: Promise<R>,
): Promise<NonNullable<R['data']>> {
  let answer: R
  try {
    answer = await call
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw Failure.ofNetwork(cause)
  }
  if (answer.response.ok) return answer.data as NonNullable<R['data']>
  const failure = Failure.of(answer.response, answer.error)
  if (failure.endsSession) sessionEnded.value = true
  if (failure.wantsSecondFactor) secondFactorMissing.value = true
  throw failure
}
