import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { listKeys } from '../db/queries/keys.ts'
import type { KeyPrincipal } from '../operations/credentials/principals.ts'
import { createKey, getKey, patchKey, revokeKey } from '../operations/keys/keys.ts'
import { presentKey } from '../operations/keys/present.ts'
import { actorOf } from '../plugins/access.ts'
import { auditContextOf } from '../plugins/audit-context.ts'
import { keyAuthorOf } from '../plugins/key-author.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { Id } from '../schemas/ids.ts'
import { Key, KeyCreate, KeyPatch, KeyRevoke, KeyWithSecret, RevokedKey } from '../schemas/keys.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const params = Type.Object({ id: Id('key') })

/** API keys. */
export async function keyRoutes(app: Api): Promise<void> {
  const { config, tenancy } = app

  app.post(
    '/keys',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'createKey',
        summary: 'Make a key: shown in this answer and never again',
        body: KeyCreate,
        response: answers({ 201: KeyWithSecret }, 400, 401, 403, 409, 422, 429),
      },
    },
    (request, reply) =>
      app.answerPost(request, reply, 201, (tx) => createKey(tx, config, keyAuthorOf(request), request.body)),
  )

  app.get(
    '/keys',
    {
      config: { access: 'keys:read' },
      schema: {
        tags: ['Keys'],
        operationId: 'listKeys',
        summary: 'List keys, newest first',
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('keys', Key) }, 400, 401, 403, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query, 'key')
      const { id } = actorOf(request).organization
      const rows = await tenancy.read(id, (tx) => listKeys(tx, id, page))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { keys: items.map(presentKey), nextCursor }
    },
  )

  app.get(
    '/keys/:id',
    {
      config: { access: 'keys:read' },
      schema: {
        tags: ['Keys'],
        operationId: 'getKey',
        summary: 'One key',
        params,
        response: answers({ 200: Key }, 400, 401, 403, 404, 429),
      },
    },
    (request) => getKey(tenancy, actorOf(request).organization.id, request.params.id),
  )

  app.patch(
    '/keys/:id',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'patchKey',
        summary: 'Change what a key is called and may do',
        params,
        body: KeyPatch,
        response: answers({ 200: Key }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request) => {
      const key = await tenancy.write(actorOf(request).organization.id, (tx) =>
        patchKey(tx, config, keyAuthorOf(request), request.params.id, request.body),
      )
      await app.changes.settle([`key:${key.id}`])
      return key
    },
  )

  app.delete(
    '/keys/:id',
    {
      config: { access: 'keys:write' },
      schema: {
        tags: ['Keys'],
        operationId: 'revokeKey',
        summary: 'Revoke a key: it is refused from now on',
        params,
        body: KeyRevoke,
        response: answers({ 200: RevokedKey }, 400, 401, 403, 404, 429),
      },
    },
    (request) => revoke(request, request.params.id, request.body?.reason ?? null),
  )

  app.delete(
    '/keys/self',
    {
      config: { access: 'key' },
      schema: {
        tags: ['Keys'],
        operationId: 'revokeOwnKey',
        summary: 'Revoke the key that this request carries, whatever its scopes',
        body: KeyRevoke,
        response: answers({ 200: RevokedKey }, 400, 401, 403, 429),
      },
    },
    (request) => {
      const { keyId } = actorOf(request).key as KeyPrincipal
      return revoke(request, keyId, request.body?.reason ?? null)
    },
  )

  async function revoke(request: FastifyRequest, id: string, reason: string | null) {
    const context = auditContextOf(request)
    const key = await tenancy.write(context.organizationId, (tx) =>
      revokeKey(tx, config, context, id, reason),
    )
    const receipt = await app.changes.settle([`key:${id}`])
    return { ...key, receipt }
  }
}
