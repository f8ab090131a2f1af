const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

/** Parameters of libpq that change nothing here, so a URL that was copied from a provider works as it stands. */
const IGNORED: Record<string, readonly string[]> = {
  channel_binding: ['disable', 'prefer'],
  gssencmode: ['disable', 'prefer'],
}

/** Parameters of libpq that the driver lacks, and what to do instead. It would pass them on to PostgreSQL. */
const MISSING: Record<string, string> = {
  channel_binding: 'sslmode=verify-full proves who the server is',
  gssencmode: 'use sslmode=verify-full',
  sslrootcert: 'name the file in NODE_EXTRA_CA_CERTS and use sslmode=verify-full',
  sslcert: 'use a password',
  sslkey: 'use a password',
  sslcrl: 'leave it out',
  passfile: 'write the password into the URL',
  service: 'write the address into the URL',
}

/** Parameters that the driver itself understands. Others are settings of the session, which Anteroom makes itself. */
const KNOWN = ['application_name', 'connect_timeout', 'keep_alive', 'options', 'target_session_attrs']

/**
 * Reads a variable that holds a PostgreSQL URL.
 * @param problems gets one line when it is wrong; the line never shows the value, which may hold a password
 * @returns the URL without the parameters that change nothing, or null
 */
export function databaseUrl(name: string, value: string | undefined, problems: string[]): string | null {
  if (value === undefined) return null
  const parsed = URL.canParse(value) ? new URL(value) : null
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    problems.push(`${name} must be a URL that begins with postgres:// or postgresql://`)
    return null
  }
  for (const [parameter, given] of [...parsed.searchParams]) {
    const wrong = reasonAgainst(parameter, given)
    if (wrong !== null) {
      problems.push(`${name} ${wrong}`)
      return null
    }
    if (parameter in IGNORED) parsed.searchParams.delete(parameter)
  }
  return parsed.searchParams.size === new URL(value).searchParams.size ? value : parsed.href
}

function reasonAgainst(parameter: string, given: string): string | null {
  if (parameter === 'sslmode')
    return SSL_MODES.includes(given) ? null : `has an unknown sslmode: use one of ${SSL_MODES.join(', ')}`
  if (IGNORED[parameter]?.includes(given) || KNOWN.includes(parameter)) return null
  // What the system trusts is what Node trusts.
  if (parameter === 'sslrootcert' && given === 'system') return null
  const instead = MISSING[parameter]
  if (instead !== undefined) return `has the parameter ${parameter}, which is not supported: ${instead}`
  return `has the parameter ${JSON.stringify(parameter.slice(0, 40))}, which Anteroom does not know`
}
