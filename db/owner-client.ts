import postgres from 'postgres'

/**
 * A client of one connection for the owner's work: migrations and logins. A statement may take as long as it takes; a
 * connection that nobody takes, or that is lost while it waits, fails within a quarter of a minute.
 * @param options besides
 */
export function ownerClient(
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): postgres.Sql {
  return postgres(url, {
    max: 1,
    // The connection holds the lock of the migration.
    max_lifetime: null,
    connect_timeout: 5,
    keep_alive: 5,
    onnotice: () => {},
    ...options,
    connection: { application_name: 'anteroom migrate', ...options.connection },
  })
}
