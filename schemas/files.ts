import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant } from './primitives.ts'

export const File = Type.Object(
  {
    id: Id('file'),
    name: Type.String({ description: 'The name that its sender gave it, for people to read' }),
    contentType: Type.String({ description: 'The media type of the content, whatever the sender claimed' }),
    sizeBytes: Type.Integer({ description: 'How long the content is, in bytes' }),
    sha256: Type.String({ description: 'SHA-256 of the content, in hex' }),
    createdAt: Instant({ description: 'When the file was stored' }),
    url: Type.String({
      description: 'A link to the content. It opens this file alone and needs no other credential',
    }),
    urlExpiresAt: Instant({ description: 'Until when `url` is good: for five minutes' }),
  },
  { title: 'File' },
)
export type File = Static<typeof File>
