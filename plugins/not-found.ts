import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import createRouter, { type HTTPMethod } from 'find-my-way'
import { networkOf } from '../credentials/addresses.ts'
import { withoutQuery } from '../operations/access-log/record.ts'
import { ApiError } from '../schemas/errors.ts'

/** For Fastify's own router and for the one here: both have to see the same paths. */
export const routerOptions = { ignoreTrailingSlash: true, maxParamLength: 200 } as const

/**
 * Answers what no route takes: 405 where the path is known under another method (RFC 9110, 15.5.6), 404 otherwise.
 * Register it before all routes.
 */
export default fp(
  async (app: FastifyInstance) => {
    // Fastify cannot be asked for the methods of a path. A second router with the same rules can, and is asked only after
    // the first one has found nothing.
    const router = createRouter(routerOptions)
    const taken = new Map<HTTPMethod, Set<string>>()
    app.addHook('onRoute', ({ url, method }) => {
      const pattern = url.replace(/:\w+/g, ':p').replace(/(?<=.)\/$/, '')
      for (const name of [method].flat() as HTTPMethod[]) {
        // The answer to every preflight below a path does not make a path known.
        if (name === 'OPTIONS' && pattern.endsWith('*')) continue
        const patterns = taken.get(name) ?? new Set()
        if (!patterns.has(pattern)) router.on(name, pattern, () => {})
        taken.set(name, patterns.add(pattern))
      }
    })
    app.setNotFoundHandler(async ({ method, url, address, actor }) => {
      const wait = actor ? 0 : app.strangers.waitSeconds(networkOf(address))
      if (wait > 0) {
        throw new ApiError('RATE_LIMITED', `Too many requests: try again in ${wait} s`, {
          reason: 'rate_limited',
          headers: { 'retry-after': String(wait) },
        })
      }
      const path = withoutQuery(url)
      const allowed = [...taken.keys()].filter((name) => router.find(name, url) !== null).sort()
      // A route that takes the method may find out itself that there is nothing: a file that does not exist, say.
      if (allowed.length === 0 || allowed.some((name) => name === method)) {
        throw new ApiError('NOT_FOUND', `No route ${method} ${path}`)
      }
      const allow = allowed.join(', ')
      throw new ApiError('METHOD_NOT_ALLOWED', `${path} does not take ${method}`, {
        hint: `It takes ${allow}`,
        headers: { allow },
      })
    })
  },
  { name: 'not-found', dependencies: ['errors'] },
)
