import type { Bytes } from './bytes.ts'

const HEADER = '%PDF-'
// ISO 32000-1, annex I (implementation notes of PDF 1.7, appendix H, 3.4.1): readers accept a header within these bytes.
const HEADER_WITHIN = 1024
const END = '%%EOF'
const CHUNK = 64 * 1024

/**
 * Whether a file is a PDF. What sent it may have left a line or a header of its own before the mark; then there must also
 * be an end, as a text may name the mark.
 */
export async function isPdf(bytes: Bytes): Promise<boolean> {
  const at = (await bytes.read(0, HEADER_WITHIN)).indexOf(HEADER)
  return at === 0 || (at > 0 && (await includes(bytes, END)))
}

async function includes(bytes: Bytes, text: string): Promise<boolean> {
  for (let at = 0; at < bytes.size; at += CHUNK - text.length) {
    if ((await bytes.read(at, CHUNK)).includes(text)) return true
  }
  return false
}
