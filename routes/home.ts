import Type from 'typebox'
import packageJson from '../package.json' with { type: 'json' }
import { type Api, answers } from './api.ts'

const Home = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    environment: Type.Enum(['sandbox', 'production']),
    links: Type.Object({
      api: Type.String(),
      docs: Type.String(),
      openapi: Type.String(),
      dashboard: Type.String(),
      status: Type.String(),
      sdk: Type.String(),
    }),
  },
  { title: 'Home' },
)

/** Where everything is. */
export async function homeRoutes(app: Api): Promise<void> {
  app.get(
    '/',
    {
      schema: {
        tags: ['Health'],
        operationId: 'home',
        summary: 'Where everything is: JSON for programs; a browser is sent on to /docs',
        response: {
          ...answers({ 200: Home }, 429),
          302: Type.Null({ description: 'To /docs, for a browser' }),
        },
      },
    },
    async (request, reply) => {
      const base = app.publicUrl()
      reply.header('vary', 'accept')
      if (request.headers.accept?.includes('text/html')) return reply.redirect(`${base}/docs`)
      return {
        name: 'Anteroom',
        version: packageJson.version,
        environment: app.config.environment.name,
        links: {
          api: `${base}/api`,
          docs: `${base}/docs`,
          openapi: `${base}/openapi.json`,
          dashboard: `${base}/dashboard`,
          status: `${base}/status`,
          sdk: `${base}/sdk.js`,
        },
      }
    },
  )
}
