import type { Environment } from '../config/environment.ts'

/**
 * What is kept with each login too, for poolers that drop what a connection asks for at its start. That a login has
 * settings for a database also tells which database it was created for.
 */
export function loginSettings(environment: Environment): readonly (readonly [name: string, value: string])[] {
  return [
    ['search_path', environment.schema],
    ['timezone', 'UTC'],
    ['default_transaction_isolation', 'read committed'],
  ]
}
