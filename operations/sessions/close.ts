import { endSessions } from '../../db/queries/sessions.ts'
import type { ChangeContext } from '../core/change.ts'

/**
 * Ends sessions of a user with all their tokens, in every organization.
 * @param context of a change in system scope
 * @param which one session; or all, except for the one that is named, if any
 * @returns how many it ended
 */
export async function closeSessions(
  { tx, invalidate }: Pick<ChangeContext, 'tx' | 'invalidate'>,
  userId: string,
  which: { only: string } | { except: string | null },
): Promise<number> {
  const ended = await endSessions(tx, userId, which)
  for (const id of ended) invalidate(`session:${id}`)
  return ended.length
}
