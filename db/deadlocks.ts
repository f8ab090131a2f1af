import { sqlState } from './unavailable.ts'

const DEADLOCK = '40P01'
const MOST_ATTEMPTS = 5

/** Runs a transaction, and again where PostgreSQL ended it to resolve a deadlock: nothing of it has been done then. */
export async function repeatOnDeadlock<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      if (sqlState(error) !== DEADLOCK || attempt === MOST_ATTEMPTS) throw error
    }
  }
}
