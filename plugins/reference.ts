import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { takesTokenAlone } from '../operations/core/access.ts'
import { completeDocument } from '../schemas/openapi/complete.ts'
import { isOptional } from './validation.ts'

/** The OpenAPI 3.1 document at `/openapi.json`, drawn from the routes' schemas, and a page to read it at `/docs`. */
export default fp<{ version: string; basePath: string }>(
  async (app: FastifyInstance, { version, basePath }) => {
    const bodiless = new Set<string | undefined>()
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Anteroom',
          version,
          description:
            'The front door of an AI-interview platform. Send an API key as `Authorization: Bearer sk_…`, ' +
            'or the key as `x-api-key` with a user’s `Authorization: Bearer at_…` beside it.',
          license: { name: 'MIT', identifier: 'MIT' },
        },
        servers: [{ url: basePath || '/', description: 'This server' }],
        tags: [
          { name: 'Who am I', description: 'Who a credential stands for' },
          { name: 'Account', description: 'Sign up, log in and out' },
          { name: 'Organization', description: 'Settings, and what the plan allows' },
          { name: 'Members', description: 'Who belongs to the organization, as what, and who is invited' },
          { name: 'Keys', description: 'API keys' },
          { name: 'Campaigns', description: 'Sets of questions that candidates are invited to answer' },
          { name: 'Candidates', description: 'People who are invited' },
          { name: 'Invites', description: 'Single-use ways into an interview' },
          { name: 'Interviews', description: 'What candidates answered' },
          {
            name: 'Embed',
            description: 'What a candidate’s browser asks for, with an interview session (ist_…)',
          },
          { name: 'Files', description: 'Documents of candidates, recordings, and their content' },
          {
            name: 'Sandbox',
            description: 'Tools to try things out with; production has none of these routes',
          },
          { name: 'Logs', description: 'Every request, refused ones too' },
          { name: 'Webhooks', description: 'Where events are delivered, and what came of it' },
          { name: 'Events', description: 'What happened, in the order in which it did' },
          { name: 'Health', description: 'Whether the server is well' },
        ],
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`),
      },
      transform: ({ schema, url, route }) => {
        const access = route.config?.access
        if (!schema?.response) return { schema: { ...schema, hide: true }, url }
        if (isOptional(schema.body)) bodiless.add(schema.operationId)
        // What a caller needs: a scope, or `public`, `authenticated`, `user`, `key`.
        return { schema: { ...schema, 'x-access': access ?? 'public' }, url }
      },
      // The plugin knows required bodies alone, and TypeBox says on the schema itself that one may be left out.
      transformObject: (document) => {
        if ('swaggerObject' in document) return document.swaggerObject
        for (const path of Object.values(document.openapiObject.paths ?? {})) {
          for (const operation of [path?.post, path?.put, path?.delete]) {
            const body = operation?.requestBody
            if (body && 'content' in body && bodiless.has(operation.operationId)) body.required = false
          }
        }
        return completeDocument(document.openapiObject, takesTokenAlone)
      },
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      ...(basePath ? { indexPrefix: basePath } : {}),
      staticCSP: true,
      theme: { title: 'Anteroom: API reference' },
      uiConfig: { layout: 'BaseLayout', deepLinking: true, displayRequestDuration: true, validatorUrl: null },
    })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'reference' },
)
