import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'
import { ApiError } from '../schemas/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    cookies: Cookies
  }
}

/**
 * `session` opens the API to the dashboard; `device` says that this browser has logged in before; `interview` is the
 * browser token of a candidate on the hosted page.
 */
export type CookieName = 'session' | 'device' | 'interview'

/** Reads and writes this server's cookies. */
export interface Cookies {
  /** The cookie's value; null where the request has none. */
  read(request: FastifyRequest, name: CookieName): string | null
  /** @param seconds how long the browser keeps it */
  set(reply: FastifyReply, name: CookieName, value: string, seconds: number): void
  clear(reply: FastifyReply, name: CookieName): void
}

const names = {
  session: 'anteroom',
  device: 'anteroom-device',
  interview: 'anteroom-interview',
} as const
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Cookies that no script reads, no other site sends along and no neighbouring host can plant (`__Host-`, RFC 6265bis).
 * Under a path of a host they are for that path alone, which `__Host-` does not allow: there it is `__Secure-`.
 * On http://localhost they go without a prefix and without Secure, which not every browser takes there.
 */
export default fp(
  async (app: FastifyInstance) => {
    const { basePath } = app.config
    const path = basePath || '/'
    const prefix = () => (isSecure(app.publicUrl()) ? (basePath ? '__Secure-' : '__Host-') : '')
    app.decorate('cookies', {
      read(request, name) {
        const header = request.headers.cookie
        return header ? (parseCookie(header)[prefix() + names[name]] ?? null) : null
      },
      set(reply, name, value, seconds) {
        const secure = prefix() !== ''
        const attributes = { path, httpOnly: true, sameSite: 'lax', secure, maxAge: seconds } as const
        reply.header('set-cookie', stringifySetCookie({ name: prefix() + names[name], value, ...attributes }))
      },
      clear(reply, name) {
        this.set(reply, name, '', 0)
      },
    } satisfies Cookies)
  },
  { name: 'session-cookie', dependencies: ['database'] },
)

/**
 * Refuses what another site makes a browser send along with the cookie (Fetch Metadata; W3C, Sec-Fetch-Site). A browser
 * that sends no such header names the Origin of everything that changes something.
 * @throws ApiError 403
 */
export function refuseCrossSite(app: FastifyInstance, request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site']
  const safe = safeMethods.has(request.method)
  if (site !== undefined) {
    if (site === 'same-origin' || (site === 'none' && safe)) return
    throw crossSite()
  }
  const { origin } = request.headers
  if (origin === undefined ? safe : isOwnOrigin(app, request, origin)) return
  throw crossSite()
}

/**
 * The same for opening a session, where no cookie is at stake yet: who is no browser sends neither header.
 * @throws ApiError 403
 */
export function refuseCrossSiteLogin(app: FastifyInstance, request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined || origin !== undefined) refuseCrossSite(app, request)
}

/** Whether a request comes from a page of this server, by its `Origin`. */
export function isOwnOrigin(app: FastifyInstance, request: FastifyRequest, origin: string): boolean {
  return origin === new URL(app.publicUrl()).origin || origin === `${request.protocol}://${request.host}`
}

function crossSite(): ApiError {
  return new ApiError('FORBIDDEN', 'Refused: the request does not come from a page of this server', {
    reason: 'cross_site',
    hint: 'The cookie is for the dashboard. Elsewhere send an API key or an access token',
  })
}

const secureOf = new Map<string, boolean>()

function isSecure(publicUrl: string): boolean {
  const known = secureOf.get(publicUrl)
  if (known !== undefined) return known
  const { protocol, hostname } = new URL(publicUrl)
  const secure = protocol === 'https:' || !isLoopback(hostname)
  secureOf.set(publicUrl, secure)
  return secure
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true
  const bare = hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback'
}
