import { UNKNOWN_ADDRESS } from '../../credentials/addresses.ts'
import { newId } from '../../schemas/ids.ts'
import type { ActingOrganization, Actor } from '../credentials/principals.ts'
import type { Caller } from './runner.ts'

/**
 * The operator of the installation as the caller of an operation. Whoever runs the command line has the database's
 * password and the encryption key already, so there is no credential to check. The audit log names the operator.
 * @param organization for which the operator acts
 */
export function operatorCaller(organization: ActingOrganization): Caller {
  const actor: Actor = {
    type: 'operator',
    organization,
    user: null,
    scopes: ['*'],
    key: null,
    sessionId: null,
    credential: { id: 'operator', prefix: '', name: null, expiresAt: null },
  }
  return {
    actor,
    origin: { ip: UNKNOWN_ADDRESS, userAgent: null, requestId: newId('req'), device: null },
    idempotencyKey: null,
    waited: false,
    revalidate: async () => actor,
  }
}
