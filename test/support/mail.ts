import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import type { TestApp } from './app.ts'
import { until } from './until.ts'

/** A message as a mail server got it. */
export interface ReceivedMail {
  to: string
  from: string
  subject: string
  messageId: string
  text: string
  html: string
  /** As it came over the wire. */
  raw: string
}

/** A mail server of a test's own, on a free port of loopback. */
export interface MailServer {
  /** For SMTP_URL. */
  url: string
  /** Everything that came, in order. */
  received: ReceivedMail[]
  /** The next message to an address, with that in its text, that `take` did not give yet; waits for it. */
  take(to: string, containing?: string): Promise<ReceivedMail>
  /** What the server answers instead of taking a message, e.g. `{responseCode: 451}`; null: it takes them. */
  refuseWith: { responseCode: number; message: string } | null
  stop(): Promise<void>
}

/** Starts a mail server; it ends with the test. */
export async function mailServer(t: Test): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const taken = new Set<ReceivedMail>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo(_address, _session, done) {
      done(handle.refuseWith ? Object.assign(new Error(handle.refuseWith.message), handle.refuseWith) : null)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        received.push(
          readMessage(Buffer.concat(chunks).toString(), session.envelope.rcptTo[0]?.address ?? ''),
        )
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const handle: MailServer = {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    refuseWith: null,
    async take(to, containing = '') {
      const found: ReceivedMail[] = []
      await until(() => {
        const mail = received.find(
          (candidate) => candidate.to === to && !taken.has(candidate) && candidate.text.includes(containing),
        )
        if (!mail) return false
        taken.add(mail)
        found.push(mail)
        return true
      }, `mail to ${to}`)
      return found[0] as ReceivedMail
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
  t.teardown(() => handle.stop())
  return handle
}

/** Starts a worker beside a server under test, as `npm start` does; it ends with the test. */
export async function testWorker(t: Test, { app, logins }: TestApp): Promise<Worker> {
  const worker = await startWorker(app.config, logins, () => app.publicUrl(), app.log)
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= worker.stop()
    return stopped
  }
  t.teardown(stop)
  return { stop }
}

/** The single-use token that a message's link carries in its fragment. */
export function tokenOf(mail: ReceivedMail): string {
  const token = /#token=([0-9A-Za-z_]+)/.exec(mail.text)?.[1]
  if (!token) throw new Error(`no token in: ${mail.text}`)
  return token
}

function readMessage(raw: string, to: string): ReceivedMail {
  const { headers, body } = split(raw)
  const boundary = /boundary="([^"]+)"/.exec(headers)?.[1] ?? ''
  const parts = body.split(`--${boundary}`).map((part) => split(part.replace(/^\r\n/, '')))
  const partOf = (type: string) => parts.find((part) => part.headers.includes(type))
  return {
    to,
    from: headerOf(headers, 'From'),
    subject: headerOf(headers, 'Subject'),
    messageId: headerOf(headers, 'Message-ID'),
    text: decode(partOf('text/plain')),
    html: decode(partOf('text/html')),
    raw,
  }
}

function split(text: string) {
  const end = text.indexOf('\r\n\r\n')
  return { headers: text.slice(0, end).replace(/\r\n[ \t]+/g, ' '), body: text.slice(end + 4) }
}

function headerOf(headers: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(headers)?.[1]?.trim() ?? ''
}

function decode(part: { headers: string; body: string } | undefined): string {
  if (!part) return ''
  const encoding = headerOf(part.headers, 'Content-Transfer-Encoding').toLowerCase()
  if (encoding === 'base64') return Buffer.from(part.body, 'base64').toString()
  if (encoding !== 'quoted-printable') return part.body
  const bytes = part.body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
