import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant } from './primitives.ts'

export const File = Type.Object(
  {
    id: Id('file'),
    name: Type.String({ description: 'As its sender called it, for people to read' }),
    contentType: Type.String({ description: 'Of the content, whatever the sender claimed' }),
    sizeBytes: Type.Integer(),
    sha256: Type.String({ description: 'SHA-256 of the content, in hex' }),
    createdAt: Instant(),
    url: Type.String({ description: 'The content. The link is for this file alone and needs no credential' }),
    urlExpiresAt: Instant(),
  },
  { title: 'File' },
)
/** The body of an upload, for the reference: what is read of it is the file, as it arrives. */
export const FileForm = Type.Unsafe<null>({
  type: ['object', 'null'],
  required: ['file'],
  properties: { file: { type: 'string', format: 'binary' } },
})

export type File = Static<typeof File>
