import { setImmediate as turn } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { sessionsThatWait } from './identity.ts'

/**
 * Ends connections over which nothing arrives although the database is well, as when a firewall forgets a connection:
 * PostgreSQL waits for a statement there, while we wait for its answer. A connection whose statement runs, or waits for
 * a lock, stays. Behind a pooler nobody can tell, and all of them stay.
 * @param asked a new connection of the same login; it is ended where it does not answer in time
 * @param silentMs how long nothing must have been heard
 */
export async function endUnheard(
  asked: Connection,
  connections: readonly Connection[],
  silentMs: number,
  timeOutMs: number,
): Promise<void> {
  const isSilent = (one: Connection) => one.silence(performance.now()) > silentMs
  const silent = connections.filter((one) => one.session !== null && isSilent(one))
  if (silent.length === 0) return
  const late = setTimeout(() => asked.end(), timeOutMs)
  const sessions = silent.flatMap(({ session }) => session ?? [])
  const waiting = await sessionsThatWait(asked.client, sessions).finally(() => clearTimeout(late))
  // What arrived at the same time as this answer is read first.
  await turn()
  for (const one of silent) if (isSilent(one) && waiting.has(one.session?.pid ?? 0)) one.end()
}
