import { channel } from 'node:diagnostics_channel'
import { sqlState } from './unavailable.ts'

const DEADLOCK = '40P01'
const MOST_ATTEMPTS = 5

// Says that PostgreSQL has ended a transaction to resolve a deadlock. Each costs a second, so tests listen.
const deadlocks = channel('anteroom.deadlock')

/** Hears of every deadlock that PostgreSQL resolves. @returns ends the listening */
export function onDeadlock(listener: () => void): () => void {
  const heard = () => listener()
  deadlocks.subscribe(heard)
  return () => deadlocks.unsubscribe(heard)
}

/** Runs a transaction, and again where PostgreSQL ended it to resolve a deadlock: nothing of it has been done then. */
export async function repeatOnDeadlock<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      if (sqlState(error) !== DEADLOCK) throw error
      deadlocks.publish({ attempt })
      if (attempt === MOST_ATTEMPTS) throw error
    }
  }
}
