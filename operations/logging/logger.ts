import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import type { Config } from '../../config/config.ts'
import { redactCredentials } from '../../credentials/format.ts'

// Whatever carries one of these names is a secret, whatever it looks like. Credentials are found by their shape besides.
const SECRET_FIELDS = ['password', 'secret', 'token', 'totp', 'authorization', 'cookie', '["x-api-key"]']
const paths = SECRET_FIELDS.flatMap((field) =>
  ['', '*', '*.*', '*.*.*'].map((parent) =>
    field.startsWith('[') || !parent ? parent + field : `${parent}.${field}`,
  ),
)

// Mail of a sandbox without SMTP_URL is written to the log to be read there: its links have to work. The text can't be
// anything else's: within a value its quotation marks would be escaped.
const MAIL = '"mail":{"to":'

/**
 * Makes the log of a process: JSON, one line an entry, for programs, or coloured text for a person at a terminal.
 * Everything of a credential's shape is cut down to its prefix, wherever in an entry it stands.
 * @param destination where JSON goes; the standard output unless told otherwise
 */
export async function openLog(
  { logLevel: level, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  destination?: DestinationStream,
): Promise<Logger> {
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths, censor: '[redacted]' },
    hooks: {
      streamWrite: (line: string) => (line.includes(MAIL) ? line : redactCredentials(line)),
    },
  }
  const isPretty = logFormat === 'pretty' || (logFormat === null && process.stdout.isTTY)
  if (!isPretty) return destination ? pino(options, destination) : pino(options)
  // Loaded at a terminal alone: a server of a container does not need it.
  const { default: pretty } = await import('pino-pretty')
  const stream = pretty({
    sync: true,
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    ...(destination ? { destination: destination as NodeJS.WritableStream } : {}),
  })
  return pino(options, stream)
}
