import Type from 'typebox'
import { finishRotation, rotateKey, undoRotation } from '../operations/keys/rotation.ts'
import { keyAuthorOf } from '../plugins/key-author.ts'
import { Id } from '../schemas/ids.ts'
import { KeyRotate, KeyWithSecret, RevokedKey } from '../schemas/keys.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('key') })

/** The rotation of keys: a successor takes over while the old key lives on for a while. */
export async function keyRotationRoutes(app: Api): Promise<void> {
  const { config } = app

  app.post(
    '/keys/:id/rotate',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'rotateKey',
        summary: 'Replace a key: the successor is shown in this answer, the old key retires after the grace',
        params,
        body: KeyRotate,
        response: answers({ 201: KeyWithSecret }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const successor = await app.answerPost(request, reply, 201, (tx) =>
        rotateKey(tx, config, keyAuthorOf(request), id, request.body),
      )
      await app.changes.settle([`key:${id}`])
      return successor
    },
  )

  app.post(
    '/keys/:id/rotation/finish',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'finishKeyRotation',
        summary: 'Finish a rotation early: the old key ends now',
        params,
        response: answers({ 200: RevokedKey }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const key = await app.answerPost(request, reply, 200, (tx) =>
        finishRotation(tx, config, keyAuthorOf(request), id),
      )
      return { ...key, receipt: await app.changes.settle([`key:${id}`]) }
    },
  )

  app.post(
    '/keys/:id/rotation/undo',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'undoKeyRotation',
        summary: 'Undo a rotation while the old key lives: the successor ends, the old key lives on',
        params,
        response: answers({ 200: RevokedKey }, 400, 401, 403, 404, 409, 422, 429),
      },
    },
    async (request, reply) => {
      const { key, successorId } = await app.answerPost(request, reply, 200, (tx) =>
        undoRotation(tx, config, keyAuthorOf(request), request.params.id),
      )
      return { ...key, receipt: await app.changes.settle([`key:${key.id}`, `key:${successorId}`]) }
    },
  )
}
