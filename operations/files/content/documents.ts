import type { Bytes } from './bytes.ts'

const CHUNK = 64 * 1024

// Compound File Binary (MS-CFB, 2.6.1): directory entries of 128 bytes, each aligned to its size.
const ENTRY = 128
const NAME_LENGTH_AT = 64
const TYPE_AT = 66
const STREAM = 2
const ROOT = 5

/**
 * Whether a compound file is a Word document, by the stream of that name in its directory.
 * @returns null where no directory is to be found
 */
export async function isWordDirectory(bytes: Bytes): Promise<boolean | null> {
  let hasRoot = false
  for (let at = 0; at < bytes.size; at += CHUNK) {
    const chunk = await bytes.read(at, CHUNK)
    for (let entry = 0; entry + ENTRY <= chunk.length; entry += ENTRY) {
      const type = chunk[entry + TYPE_AT]
      if (type !== STREAM && type !== ROOT) continue
      const length = chunk.readUInt16LE(entry + NAME_LENGTH_AT)
      if (length < 4 || length > NAME_LENGTH_AT) continue
      const name = chunk.toString('utf16le', entry, entry + length - 2)
      if (type === STREAM && name === 'WordDocument') return true
      if (type === ROOT && name === 'Root Entry') hasRoot = true
    }
  }
  return hasRoot ? false : null
}

// ZIP (APPNOTE.TXT, 4.3.12 and 4.3.16)
const END = Buffer.from('504b0506', 'hex')
const ENTRY_MARK = 0x02014b50
const END_BYTES = 22
const LONGEST_COMMENT = 65_535
const ENTRY_BYTES = 46
const LARGEST_DIRECTORY = 1024 * 1024

/** Whether a ZIP file is a Word document without macros (ECMA-376, part 2), by the names in its directory. */
export async function isWordPackage(bytes: Bytes): Promise<boolean> {
  const names = await zipNames(bytes)
  return (
    names.includes('[Content_Types].xml') &&
    names.includes('word/document.xml') &&
    !names.includes('word/vbaProject.bin')
  )
}

async function zipNames(bytes: Bytes): Promise<string[]> {
  const from = Math.max(0, bytes.size - END_BYTES - LONGEST_COMMENT)
  const tail = await bytes.read(from, bytes.size - from)
  const end = tail.lastIndexOf(END)
  if (end === -1 || end + END_BYTES > tail.length) return []
  const length = tail.readUInt32LE(end + 12)
  if (length > LARGEST_DIRECTORY) return []
  const directory = await bytes.read(tail.readUInt32LE(end + 16), length)
  const names: string[] = []
  for (let at = 0; at + ENTRY_BYTES <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY_MARK) break
    const nameEnd = at + ENTRY_BYTES + directory.readUInt16LE(at + 28)
    names.push(directory.toString('utf8', at + ENTRY_BYTES, nameEnd))
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return names
}
