import type { Bytes } from '../content/bytes.ts'
import { type Element, elementsOf } from '../content/webm.ts'

// Element ids of Matroska (RFC 9559).
const EBML = 0x1a45dfa3
const SEGMENT = 0x18538067
const CLUSTER = 0x1f43b675
const VOID = 0xec
/** What a segment is made of: index, facts, tracks, clusters, cues, chapters, tags, attachments. */
const parts = new Set([
  0x114d9b74,
  0x1549a966,
  0x1654ae6b,
  CLUSTER,
  0x1c53bb6b,
  0x1043a770,
  0x1254c367,
  0x1941a469,
])

const LONGEST_HEADER = 12
const WINDOW_BYTES = 64 * 1024

/**
 * Whether a WebM file is one segment and nothing else, as recorders write it; its end may be missing. mediabunny 1.61
 * never ends its search for the next element where something else stands.
 */
export async function isWholeWebm(bytes: Bytes): Promise<boolean> {
  const elementAt = reader(bytes)
  const header = await elementAt(0)
  const segment = header?.id === EBML && !header.isOpen ? await elementAt(header.end) : null
  if (segment?.id !== SEGMENT) return false
  let inOpenCluster = false
  for (let at = segment.start; at < Math.min(segment.end, bytes.size); ) {
    const element = await elementAt(at)
    if (!element) return false
    const { id, isOpen } = element
    if (parts.has(id)) inOpenCluster = id === CLUSTER && isOpen
    else if (id !== VOID && !inOpenCluster) return false
    if (isOpen && id !== CLUSTER) return false
    at = isOpen ? element.start : element.end
  }
  return true
}

/** Reads the header of the element at a place, in windows: there are thousands of small ones. */
function reader(bytes: Bytes): (at: number) => Promise<Element | null> {
  let window: Buffer = Buffer.alloc(0)
  let from = 0
  return async (at) => {
    if (at < from || at + LONGEST_HEADER > from + window.length) {
      window = await bytes.read(at, WINDOW_BYTES)
      from = at
    }
    const [element] = elementsOf(
      window.subarray(at - from, at - from + LONGEST_HEADER),
      Number.POSITIVE_INFINITY,
    )
    return element ? { ...element, start: at + element.start, end: at + element.end } : null
  }
}
