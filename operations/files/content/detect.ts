import { type Bytes, withBytes } from './bytes.ts'
import { isWordDirectory, isWordPackage } from './documents.ts'
import { isMpegAudio } from './mp3.ts'
import { mp4Kind } from './mp4.ts'
import { oggKind } from './ogg.ts'
import { webmKind } from './webm.ts'

/** What a file is for. */
export type FileKind = 'document' | 'audio' | 'video'

/** The forms of files that are taken, by the letters that names of such files usually end with. */
type Form = 'pdf' | 'doc' | 'docx' | 'webm' | 'mp4' | 'wav' | 'ogg' | 'mp3'

/** What a file turned out to be. */
export interface Detected {
  readonly form: Form
  readonly contentType: string
}

/** How much of a file's beginning tells its form, in bytes. */
const HEAD_BYTES = 4100
const EBML = Buffer.from('1a45dfa3', 'hex')

const types: Record<FileKind, Partial<Record<Form, string>>> = {
  document: {
    pdf: 'application/pdf',
    doc: 'application/msword',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  },
  audio: { webm: 'audio/webm', mp4: 'audio/mp4', wav: 'audio/wav', ogg: 'audio/ogg', mp3: 'audio/mpeg' },
  video: { webm: 'video/webm', mp4: 'video/mp4', ogg: 'video/ogg' },
}

/** The forms that are taken for a kind, for people to read. */
export const formsOf: Record<FileKind, string> = {
  document: 'PDF, DOC or DOCX',
  audio: 'WebM, MP4, WAV, OGG or MP3 with sound alone',
  video: 'WebM, MP4 or OGG with a picture',
}

/** What file-type calls the forms; several of its names are one form here. */
const forms: Record<string, Form> = {
  pdf: 'pdf',
  cfb: 'doc',
  zip: 'docx',
  docx: 'docx',
  webm: 'webm',
  mp4: 'mp4',
  m4a: 'mp4',
  m4v: 'mp4',
  m4b: 'mp4',
  wav: 'wav',
  ogg: 'ogg',
  oga: 'ogg',
  ogv: 'ogg',
  ogx: 'ogg',
  ogm: 'ogg',
  opus: 'ogg',
  spx: 'ogg',
  mp3: 'mp3',
}

/**
 * What a file is, read from its content: neither its name nor the type that its sender claims is looked at. The form is
 * told by the file's beginning; then the inside is asked whether it is what the kind wants, as one container holds
 * sound, pictures, spreadsheets or programs alike. Where the inside can't be made out the form is believed.
 * @returns null for what is not taken as that kind
 */
export function detect(path: string, kind: FileKind): Promise<Detected | null> {
  return withBytes(path, async (bytes) => {
    const form = await formOf(await bytes.read(0, HEAD_BYTES))
    const contentType = form && types[kind][form]
    return contentType && (await fits(bytes, form, kind)) ? { form, contentType } : null
  })
}

async function formOf(head: Buffer): Promise<Form | null> {
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head)
  if (found) return forms[found.ext] ?? null
  return head.subarray(0, EBML.length).equals(EBML) ? 'webm' : null
}

async function fits(bytes: Bytes, form: Form, kind: FileKind): Promise<boolean> {
  switch (form) {
    case 'doc':
      return (await isWordDirectory(bytes)) ?? true
    case 'docx':
      return isWordPackage(bytes)
    case 'webm':
      return ((await webmKind(bytes)) ?? kind) === kind
    case 'mp4':
      return ((await mp4Kind(bytes)) ?? kind) === kind
    case 'ogg':
      return ((await oggKind(bytes)) ?? kind) === kind
    case 'mp3':
      return isMpegAudio(bytes)
    default:
      return true
  }
}
