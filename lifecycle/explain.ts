import { type Config, ConfigError } from '../config/config.ts'
import { EmbeddedError } from '../db/embedded/launcher.ts'
import { DatabaseUrlError, explainDatabaseError } from '../db/errors.ts'

/**
 * Why a start or a command failed, in lines for a person who set it up.
 * @returns null for what no setting could have caused
 */
export function explain(error: unknown): readonly string[] | null {
  if (error instanceof ConfigError) return error.lines
  if (error instanceof EmbeddedError) return [error.message]
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code.startsWith('ERR_PARSE_ARGS_')) return [message]
  const line =
    error instanceof DatabaseUrlError
      ? explainDatabaseError(error.cause, error.variable)
      : explainDatabaseError(error)
  return line === null ? null : [line]
}

/** Names the variable behind an address that cannot be listened on. Gives any other error back. */
export function explainListenError(
  error: unknown,
  config: Pick<Config, 'host' | 'port' | 'metricsPort'>,
): unknown {
  const { code, port } = error as NodeJS.ErrnoException & { port?: number }
  const variable = port === config.metricsPort && port !== config.port ? 'METRICS_PORT' : 'PORT'
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError([`Port ${port} is in use: set ${variable} to another one`])
    case 'EACCES':
      return new ConfigError([`${variable} ${port} is not for this user: choose one from 1024 upwards`])
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError([`HOST ${config.host} is no address of this machine`])
    default:
      return error
  }
}
