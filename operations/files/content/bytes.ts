import { type FileHandle, open } from 'node:fs/promises'

/** Reads parts of a file, each at most as long as asked for. */
export interface Bytes {
  readonly path: string
  readonly size: number
  /** Fewer bytes than asked for where the file ends. */
  read(position: number, length: number): Promise<Buffer>
}

/** What a container holds; `unknown` where it does not tell. */
export type Held = 'audio' | 'video' | 'unknown'

/** Opens a file for reading in parts, for as long as `use` takes. */
export async function withBytes<T>(path: string, use: (bytes: Bytes) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    return await use({ path, size, read: (position, length) => readPart(handle, position, length) })
  } finally {
    await handle.close()
  }
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}
