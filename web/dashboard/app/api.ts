import createClient from 'openapi-fetch'
import type { paths } from '../../openapi.d.ts'
import { Failure } from './failure.ts'
import { SERVER } from './place.ts'
import { secondFactorMissing, sessionEnded } from './session-state.ts'

/** The API that integrators use, typed by its own document; the session is in a cookie that this script can't read. */
export const api = createClient<paths>({ baseUrl: SERVER })

/** What `GET path` answers with. */
export type AnswerTo<P extends keyof paths> = Answer<paths[P], 'get', 200>
/** What `POST path` answers with. */
export type AnswerToPost<P extends keyof paths, S extends number> = Answer<paths[P], 'post', S>
type Answer<Item, Method extends string, Status extends number> =
  Item extends Record<Method, { responses: Record<Status, { content: { 'application/json': infer T } }> }>
    ? T
    : never

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
  if (failure.reason === 'second_factor_missing') secondFactorMissing.value = true
  throw failure
}
