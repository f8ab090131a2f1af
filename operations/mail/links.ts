import { ApiError } from '../../schemas/errors.ts'

// What mail programs turn into a link by themselves, whatever stands around it.
const LINK = /\b[a-z][a-z0-9+.-]*:\/\/|\bwww\.|\bmailto:/i

/**
 * Refuses text with a link where it would be mailed to somebody else: the message comes from this server, so that its
 * reader would trust the link.
 * @param texts by the place of the text, e.g. `{ 'organization.name': … }`
 * @throws ApiError 400 that names the place
 */
export function refuseLinks(texts: Readonly<Record<string, string | null | undefined>>): void {
  for (const [path, text] of Object.entries(texts)) {
    if (!text || !LINK.test(text)) continue
    throw new ApiError('BAD_REQUEST', `${path} contains a link, so it cannot be mailed`, {
      reason: 'link_in_text',
      details: [{ path, message: 'contains a link' }],
    })
  }
}

/** Keeps mail programs from making a link of `example.com` in a name: a joiner of no width stands before each dot. */
export function withoutLinks(text: string): string {
  return text.replace(/(?<=[\p{L}\p{N}])\.(?=[\p{L}\p{N}])/gu, '\u200c.')
}
