import type { MailKind } from './kinds.ts'

/** A message, ready to be sent. */
export interface Mail {
  readonly kind: MailKind
  /** One bare address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

interface Parts {
  readonly subject: string
  readonly paragraphs: readonly string[]
  /** What the reader is asked to open, on a line of its own. */
  readonly link?: { readonly label: string; readonly url: string }
  /** What to do when the message came unasked. */
  readonly footer: string
}

/**
 * Writes a message as plain text and as HTML. What stands in the parts is text: names that people gave themselves are
 * escaped here, and nowhere else.
 * @param kind how it is limited
 * @param to one bare address
 */
export function compose(kind: MailKind, to: string, { subject, paragraphs, link, footer }: Parts): Mail {
  const text = [...paragraphs, ...(link ? [`${link.label}:\n${link.url}`] : []), `--\n${footer}`]
  const html = [
    ...paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    ...(link ? [`<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>`] : []),
    `<p style="color:#666;font-size:0.9em">${escapeHtml(footer)}</p>`,
  ]
  return {
    kind,
    to,
    subject,
    text: `${text.join('\n\n')}\n`,
    html: `<!doctype html>\n<html><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>\n<body style="font-family:sans-serif;max-width:36em;line-height:1.5">\n${html.join('\n')}\n</body></html>\n`,
  }
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
