import type { Connection } from './connection.ts'
import type { Interview, Preview, Session } from './interview.ts'
import type { Keeper } from './keep.ts'

/** Asks what the invite leads to. The server changes nothing: the interview starts when the candidate begins. */
export async function lookAt(connection: Connection, keeper: Keeper, invite: string): Promise<Preview> {
  const { kept } = keeper
  const preview = await connection.json<Preview>('POST', '/preview', { invite, browserToken: kept.browser })
  kept.browser = preview.browserToken
  keeper.save()
  return preview
}

/** Exchanges the invite for a session of its interview. */
export async function exchange(connection: Connection, keeper: Keeper, invite: string): Promise<Interview> {
  const { kept } = keeper
  // The invite is used as soon as the server has it: an answer that was lost can be asked for again.
  kept.exchange ||= crypto.getRandomValues(new Uint32Array(4)).join('-')
  keeper.save()
  const { sessionToken, interview } = await connection.json<Session>(
    'POST',
    '/sessions',
    { invite, browserToken: kept.browser },
    { headers: { 'idempotency-key': kept.exchange }, tries: 3 },
  )
  connection.token = kept.token = sessionToken
  keeper.save()
  return interview
}
