import { keyCallersOf } from '../operations/keys/callers.ts'
import { createKey } from '../operations/keys/create.ts'
import { finishRotation } from '../operations/keys/finish-rotation.ts'
import { getKey } from '../operations/keys/get.ts'
import { listKeys } from '../operations/keys/list.ts'
import { patchKey } from '../operations/keys/patch.ts'
import { recommendRights } from '../operations/keys/recommendation.ts'
import { revokeKey, revokeOwnKey } from '../operations/keys/revoke.ts'
import { rotateKey } from '../operations/keys/rotate.ts'
import { undoRotation } from '../operations/keys/undo-rotation.ts'
import { keyUsageOverTime } from '../operations/keys/usage.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** API keys. */
export async function keyRoutes(app: Api): Promise<void> {
  rest(app, 'POST /keys', createKey, { status: 201 })
  rest(app, 'GET /keys', listKeys)
  rest(app, 'GET /keys/:id', getKey)
  rest(app, 'PATCH /keys/:id', patchKey)
  rest(app, 'DELETE /keys/:id', revokeKey)
  rest(app, 'DELETE /keys/self', revokeOwnKey)
  rest(app, 'POST /keys/:id/rotate', rotateKey, { status: 201 })
  rest(app, 'POST /keys/:id/rotation/finish', finishRotation)
  rest(app, 'POST /keys/:id/rotation/undo', undoRotation)
  rest(app, 'GET /keys/:id/usage', keyUsageOverTime)
  rest(app, 'GET /keys/:id/callers', keyCallersOf)
  rest(app, 'GET /keys/:id/recommendation', recommendRights)
}
