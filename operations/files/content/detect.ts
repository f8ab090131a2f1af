import { type Bytes, withBytes } from './bytes.ts'
import { isWordBinary } from './compound.ts'
import { isMpegAudio } from './mp3.ts'
import { mp4Kind } from './mp4.ts'
import { oggKind } from './ogg.ts'
import { isWordPackage } from './package.ts'
import { isPdf } from './pdf.ts'
import { isWave } from './wave.ts'
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

/** Whether a file has a form, and what it holds: by the rules of that form. */
const forms: Record<Form, (bytes: Bytes) => Promise<FileKind | 'unknown' | null>> = {
  doc: async (bytes) => ((await isWordBinary(bytes)) ? 'document' : null),
  docx: async (bytes) => ((await isWordPackage(bytes)) ? 'document' : null),
  // Last of the documents: its mark need not be at the beginning, and another form may hold it.
  pdf: async (bytes) => ((await isPdf(bytes)) ? 'document' : null),
  webm: webmKind,
  mp4: mp4Kind,
  ogg: oggKind,
  wav: async (bytes) => ((await isWave(bytes)) ? 'audio' : null),
  // Last of the recordings, for the same reason.
  mp3: async (bytes) => ((await isMpegAudio(bytes)) ? 'audio' : null),
}

const types: Record<FileKind, Partial<Record<Form, string>>> = {
  document: {
    doc: 'application/msword',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    pdf: 'application/pdf',
  },
  audio: { webm: 'audio/webm', mp4: 'audio/mp4', ogg: 'audio/ogg', wav: 'audio/wav', mp3: 'audio/mpeg' },
  video: { webm: 'video/webm', mp4: 'video/mp4', ogg: 'video/ogg' },
}

/** The forms that are taken for a kind, for people to read. */
export const formsOf: Record<FileKind, string> = {
  document: 'PDF, DOC or DOCX',
  audio: 'WebM, MP4, WAV, OGG or MP3 with sound alone',
  video: 'WebM, MP4 or OGG with a picture',
}

/**
 * What a file is, read from its content by the rules of each form: neither its name nor the type that its sender claims
 * is looked at. One container holds sound, pictures, spreadsheets or programs alike, so the inside is asked too.
 * @returns null for what is not taken as that kind
 */
export function detect(path: string, kind: FileKind): Promise<Detected | null> {
  return withBytes(path, async (bytes) => {
    for (const [form, contentType] of Object.entries(types[kind]) as [Form, string][]) {
      const held = await forms[form](bytes)
      if (held === kind || held === 'unknown') return { form, contentType }
      if (held !== null) return null
    }
    return null
  })
}
