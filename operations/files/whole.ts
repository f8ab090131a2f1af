import { finished, type Readable, Transform } from 'node:stream'
import { storageFailed } from './failure.ts'

/**
 * What is read of a file, of which a reader was told the length. A storage that fails in the middle, or has fewer bytes
 * than were stored, makes it fail: a reader that waits for the rest would wait forever.
 * @param sizeBytes how many bytes have to come
 * @returns a stream that fails with ApiError 503
 */
export function wholeOf(source: Readable, sizeBytes: number): Readable {
  let missing = sizeBytes
  const whole = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      missing -= chunk.length
      done(null, chunk)
    },
    flush(done) {
      done(missing === 0 ? null : failure(`the storage had ${missing} bytes too few`))
    },
    destroy(error, done) {
      source.destroy()
      done(error)
    },
  })
  finished(source, { writable: false }, (error) => {
    if (error) whole.destroy(storageFailed(error) as Error)
  })
  return source.pipe(whole)
}

function failure(message: string): Error {
  return storageFailed(new Error(message)) as Error
}
