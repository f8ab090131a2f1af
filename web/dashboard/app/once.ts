import { useRef } from 'preact/hooks'
import { Failure } from './failure.ts'

/**
 * Makes something once, however often the button is pressed: while an answer got lost on the way, the next try carries
 * the same Idempotency-Key and gets that answer. What was refused is another request the next time.
 */
export function useOnce(): <T>(make: (headers: { 'idempotency-key': string }) => Promise<T>) => Promise<T> {
  const key = useRef(crypto.randomUUID())
  return async (make) => {
    try {
      return await make({ 'idempotency-key': key.current })
    } catch (thrown) {
      const { status } = Failure.from(thrown)
      if (status >= 400 && status < 500) key.current = crypto.randomUUID()
      throw thrown
    }
  }
}
