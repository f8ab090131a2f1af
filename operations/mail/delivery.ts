import { isIP } from 'node:net'
import type { Mail } from './compose.ts'

/** The lines of the process log that mail needs. */
export interface MailLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Delivers messages. */
export interface Delivery {
  /**
   * Delivers one message, or says in the log why it never can be.
   * @param id the same for each try of one message: it becomes the Message-ID, by which readers' programs drop doubles
   * @throws Error when the mail server can't be reached or asks for another try
   */
  deliver(mail: Mail, id: string): Promise<void>
  close(): void
}

const CONNECT_MS = 10_000
const SILENCE_MS = 30_000

/**
 * Delivers by SMTP, or, without an SMTP_URL, into the log. The sender's address is `from` in the query of SMTP_URL,
 * and no-reply at the host of the public URL where that says nothing.
 */
export async function openDelivery(
  smtpUrl: string | null,
  publicUrl: () => string,
  log: MailLog,
): Promise<Delivery> {
  if (smtpUrl === null) return { deliver: async (mail) => print(mail, log), close: () => {} }
  const url = new URL(smtpUrl)
  const sender = url.searchParams.get('from')
  url.searchParams.delete('from')
  // Loaded only where it is used: most sandboxes write their mail to the log.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    url: url.href,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async deliver({ to, subject, text, html }, id) {
      const host = hostOf(publicUrl())
      try {
        await transport.sendMail({
          from: sender ?? { name: 'Anteroom', address: `no-reply@${host}` },
          // An object, not text: an address is never read as a list of several.
          to: { name: '', address: to },
          subject,
          text: partOf('text/plain', text),
          html: partOf('text/html', html),
          messageId: `<${id}@${host}>`,
          // RFC 3834: out-of-office programs stay silent.
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
      } catch (error) {
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        if (code !== 'EENVELOPE' || responseCode === undefined || responseCode < 500) throw error
        log.warn({ mail: { id, subject }, responseCode }, 'e-mail refused for good by the mail server')
      }
    },
    close: () => transport.close(),
  }
}

function print({ to, subject, text }: Mail, log: MailLog): void {
  log.info({ mail: { to, subject, text } }, 'e-mail (SMTP_URL is not set: written here)')
}

// No mail program takes no-reply@127.0.0.1.
function hostOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl)
  return isIP(hostname.replace(/^\[|\]$/g, '')) || !hostname.includes('.') ? 'anteroom.localhost' : hostname
}

// What is plain ASCII goes as it stands, its links whole: the usual encoding breaks lines of more than 76 characters,
// where RFC 5322 (2.1.1) allows 998.
function partOf(type: string, content: string): string | { raw: string } {
  const plain = /^[\n\x20-\x7e]*$/.test(content) && !/.{998}/.test(content)
  if (!plain) return content
  const headers = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: 7bit`
  return { raw: `${headers}\r\n\r\n${content.replaceAll('\n', '\r\n')}` }
}
