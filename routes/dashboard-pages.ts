import { readFile } from 'node:fs/promises'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import { ApiError } from '../schemas/errors.ts'
import type { Api } from './api.ts'

const root = path.join(import.meta.dirname, '..', 'web', 'dist', 'dashboard')
const asset = /^assets\/[\w.-]+$/
// All that the pages load comes from this server, and nothing is written into them: no inline script, no inline style.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The dashboard's pages: files that web/build.ts made. What they show comes from the API. */
export async function dashboardPageRoutes(app: Api): Promise<void> {
  await app.register(fastifyStatic, { root, serve: false, preCompressed: true, suppressWarning: true })
  const { config } = app
  const mail = config.smtpUrl !== null ? 'sent' : app.mailer.possible ? 'logged' : 'none'
  // The page offers nothing that the configuration forbids, and has to ask nobody. All three are words of ours.
  const facts = `data-environment="${config.environment.name}" data-signup="${config.signup}" data-mail="${mail}"`
  // Read anew each time, as it names the assets that fit it; they never change under their names.
  const page = async (reply: FastifyReply) => {
    const html = await readFile(path.join(root, 'index.html'), 'utf8').catch((cause) => {
      throw notBuilt(cause)
    })
    return reply
      .header('content-security-policy', contentSecurityPolicy)
      .header('cache-control', 'no-cache')
      .type('text/html; charset=utf-8')
      .send(
        html
          .replace('<html ', `<html ${facts} `)
          .replaceAll('"./assets/', `"${config.basePath}/dashboard/assets/`),
      )
  }

  app.get('/', { schema: { hide: true } }, (_request, reply) => page(reply))
  app.get('/*', { schema: { hide: true } }, (request, reply) => {
    const { '*': rest } = request.params as { '*': string }
    if (!asset.test(rest)) return page(reply)
    return reply.sendFile(rest, { immutable: true, maxAge: '365d' })
  })
}

function notBuilt(cause: unknown): ApiError {
  return new ApiError('UNAVAILABLE', 'The dashboard is not built', {
    cause,
    hint: 'npm start builds it; so does node web/build.ts',
    headers: { 'retry-after': '10' },
  })
}
