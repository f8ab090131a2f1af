import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** The first segments of all paths, e.g. `api` and `healthz`. */
    readonly firstSegments: ReadonlySet<string>
  }
}

/** Knows what the paths of this server begin with. Register it before all routes. */
export default fp(
  async (app: FastifyInstance) => {
    const segments = new Set<string>()
    app.decorate('firstSegments', segments)
    app.addHook('onRoute', ({ url }) => {
      const first = firstSegment(url)
      if (first !== '') segments.add(first)
    })
  },
  { name: 'base-path' },
)

/**
 * For Fastify's `rewriteUrl`: takes the path of `PUBLIC_URL` off the front of a request's. A proxy that puts the server
 * under a path may strip that path or keep it: both arrive at the same routes.
 * @param basePath with a leading slash and without a trailing one
 */
export function withoutBasePath(basePath: string) {
  const ownName = basePath.slice(1)
  return function rewrite(this: FastifyInstance, { url = '/' }: IncomingMessage): string {
    if (!url.startsWith(basePath)) return url
    const rest = url.slice(basePath.length)
    const first = firstSegment(rest)
    if (rest !== '' && !/^[/?]/.test(rest)) return url
    // A path such as /api may be the server's own as well. It is the base path only where one of the server's follows.
    if (first === '') return this.firstSegments.has(ownName) ? url : `/${rest.replace(/^\//, '')}`
    return this.firstSegments.has(first) ? rest : url
  }
}

function firstSegment(url: string): string {
  return /^\/([^/?#;]*)/.exec(url)?.[1] ?? ''
}
