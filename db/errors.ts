import postgres from 'postgres'
import { WrongLogin } from './identity.ts'
import { DatabaseUnavailable } from './unavailable.ts'

/** What PostgreSQL refuses with while a program starts, by SQLSTATE, and what to do about it. */
const REFUSALS: Record<string, string> = {
  '28P01': 'the user or the password is wrong',
  '28000': 'the server does not let this user in',
  '3D000': 'this database does not exist: create it, or name another one',
  '42501': 'this user lacks a right that Anteroom needs, see docs/database.md',
  '42704': 'the server does not know a name in it',
  '25006': 'this server only takes reads: name the primary one',
  '53100': "the server's disk is full",
  '53300': 'the server has no free connection: raise its max_connections, or run fewer processes',
  '57P03': 'the server is starting or stopping: try again',
}

const SILENT = 'nothing answers there'
const CUT = 'what answers there ends the connection: is it PostgreSQL, and does it want sslmode=require?'

/** Failures of the connection, by Node's code or the driver's. */
const FAILURES: Record<string, string> = {
  ECONNREFUSED: SILENT,
  EHOSTUNREACH: SILENT,
  ENETUNREACH: SILENT,
  ETIMEDOUT: SILENT,
  ENOENT: SILENT,
  CONNECT_TIMEOUT: SILENT,
  CONNECTION_LOST: SILENT,
  ENOTFOUND: 'this host name is not known',
  EAI_AGAIN: 'this host name cannot be looked up now',
  ECONNRESET: CUT,
  EPIPE: CUT,
  CONNECTION_CLOSED: CUT,
  CONNECTION_ENDED: CUT,
  CONNECTION_DESTROYED: CUT,
  SASL_SIGNATURE_MISMATCH: 'the server could not prove that it knows the password: is it the right one?',
  AUTH_TYPE_NOT_IMPLEMENTED: 'the server asks for a kind of log-in that the driver does not know',
}

const CERTIFICATE = /CERT|ISSUER|LEAF_SIGNATURE/
const TLS = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/

/** A failure to reach or to use the database that a variable names. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError'
  readonly variable: string
  constructor(variable: string, cause: unknown) {
    super(`${variable} does not lead to a database`, { cause })
    this.variable = variable
  }
}

/**
 * A failure to reach or to use the database, in one line that says what to do.
 * @param variable the variable that names the database
 * @returns null for any other kind of error
 */
export function explainDatabaseError(error: unknown, variable = 'DATABASE_URL'): string | null {
  if (!(error instanceof Error)) return null
  // Its sentence is for the operator, and names the variable.
  if (error instanceof WrongLogin) return error.message
  if (error instanceof DatabaseUnavailable)
    return explainDatabaseError(error.cause, variable) ?? `${variable}: ${error.message}`
  const told = messageOf(error)
  if (error instanceof postgres.PostgresError) {
    // Tables, a schema or roles that a migration makes.
    if (/^(role|relation|schema) ".*" does not exist$/.test(told) && error.code !== '28000')
      return `${variable}: this database is not migrated: run \`npx anteroom migrate\` first (${told})`
    if (error.code === '28000' && /no encryption|SSL off/.test(told))
      return `${variable}: the server wants TLS: add sslmode=require, or better verify-full (${told})`
    const reason = REFUSALS[error.code] ?? `the database refuses it, SQLSTATE ${error.code}`
    return `${variable}: ${reason} (${told})`
  }
  const { code = '', syscall } = error as NodeJS.ErrnoException
  // A file that is missing has the same code as a socket that is.
  if (code === 'ENOENT' && syscall !== 'connect') return null
  // The driver asks for TLS and does not wait for a yes.
  const noTls = TLS.test(code) || /secure TLS connection|offers no TLS/.test(told)
  const reason =
    (noTls ? 'the server does not speak TLS: use sslmode=disable or prefer' : undefined) ??
    FAILURES[code] ??
    (CERTIFICATE.test(code)
      ? 'the certificate of the server is not trusted: name its authority in NODE_EXTRA_CA_CERTS'
      : null)
  return reason === null ? null : `${variable}: ${reason} (${told})`
}

/** The message in one line. Where several addresses were tried, each has its own. */
function messageOf(error: Error): string {
  const messages = error instanceof AggregateError ? error.errors.map(String) : [error.message]
  return messages.join('; ').replaceAll(/\s+/g, ' ')
}
