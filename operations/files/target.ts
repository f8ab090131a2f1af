import { open } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { onStorage } from './failure.ts'

/**
 * Opens a file to write a stream into, never faster than the disk takes it. Its errors are the storage's, so that they
 * can be told from those of the stream that is written.
 * @param start in bytes
 * @throws ApiError 503
 */
export async function openTarget(path: string, flags: 'wx' | 'r+', start = 0): Promise<Writable> {
  const handle = await onStorage(() => open(path, flags, 0o600))
  let position = start
  let closed = false
  const write = async (chunk: Buffer) => {
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position)
      written += bytesWritten
      position += bytesWritten
    }
  }
  // A disk over the network tells only then that it is full.
  const close = async () => {
    closed = true
    await handle.close()
  }
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void onStorage(() => write(chunk)).then(() => done(), done),
    final: (done) => void onStorage(close).then(() => done(), done),
    destroy: (error, done) => {
      if (closed) done(error)
      else
        close().then(
          () => done(error),
          () => done(error),
        )
    },
  })
}
