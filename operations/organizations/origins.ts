import { badRequest } from '../../schemas/errors.ts'

/**
 * Web origins as browsers send them (RFC 6454): scheme, host and port, and nothing else. They are normalized, so that
 * they can be compared as text. Duplicates are dropped.
 * @throws ApiError 400 that names the first text that is not an origin
 */
export function readOrigins(texts: readonly string[]): string[] {
  const origins = texts.map((text, index) => {
    const url = URL.canParse(text) ? new URL(text) : null
    const plain = url && ['http:', 'https:'].includes(url.protocol) && url.origin
    // A path would be dropped without a word. Whoever sends one has misunderstood the field.
    if (plain && [plain, `${plain}/`].includes(url.href) && !/[*\s@?#]/.test(text)) return plain
    throw badRequest(
      `body.allowedOrigins.${index}`,
      'must be a web origin: scheme, host and port alone, e.g. https://careers.example.com',
    )
  })
  return [...new Set(origins)]
}
