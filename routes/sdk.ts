import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { type Asset, BuiltFiles } from '../operations/sdk/built-files.ts'
import packageJson from '../package.json' with { type: 'json' }
import { ApiError, notFound } from '../schemas/errors.ts'
import { type Api, answers } from './api.ts'

const { version } = packageJson
const YEAR_SECONDS = 31_536_000

const Release = Type.Object(
  {
    version: Type.String(),
    script: Type.Object({ url: Type.String(), integrity: Type.String({ description: 'For a script tag' }) }),
    module: Type.Object({ url: Type.String(), integrity: Type.String() }),
    types: Type.Object({ url: Type.String() }),
  },
  { title: 'SdkRelease' },
)

/** The browser SDK: files for any page on any origin, which hold nothing of anybody's. */
export async function sdkRoutes(app: Api): Promise<void> {
  const files = new BuiltFiles('sdk')

  // Under its version a file never changes; without it, browsers ask each time whether theirs is still the newest.
  const send = async (reply: FastifyReply, name: string, forever: boolean) => {
    const file = await files.get(name)
    if (!file) throw await missing(files)
    return sendAsset(reply, file, forever ? `public, max-age=${YEAR_SECONDS}, immutable` : 'public, no-cache')
  }

  app.get('/sdk.js', { schema: { hide: true } }, (_request, reply) => send(reply, 'sdk.js', false))
  app.get(`/sdk/${version}/:file`, { schema: { hide: true } }, (request, reply) =>
    send(reply, (request.params as { file: string }).file, true),
  )

  app.get(
    '/sdk.json',
    {
      schema: {
        tags: ['Embed'],
        operationId: 'sdkRelease',
        summary: 'The browser SDK that this server has, with the hashes for subresource integrity',
        response: answers({ 200: Release }, 429, 503),
      },
    },
    async (_request, reply) => {
      const [script, module] = await Promise.all(['sdk.js', 'sdk.mjs'].map((name) => files.get(name)))
      if (!script || !module) throw await missing(files)
      const base = `${app.publicUrl()}/sdk/${version}`
      shared(reply).header('cache-control', 'public, no-cache')
      return {
        version,
        script: { url: `${base}/sdk.js`, integrity: script.integrity },
        module: { url: `${base}/sdk.mjs`, integrity: module.integrity },
        types: { url: `${base}/sdk.d.ts` },
      }
    },
  )
}

/** Sends a built file in the best form that the browser takes, or tells it that its own is still right. */
function sendAsset(reply: FastifyReply, file: Asset, cacheControl: string): FastifyReply {
  const { 'accept-encoding': accepted, 'if-none-match': known } = reply.request.headers
  const { body, encoding, etag } = file.form(accepted)
  shared(reply)
    .header('cache-control', cacheControl)
    .header('vary', 'accept-encoding')
    .header('etag', etag)
    .type(file.type)
  if (known?.split(/\s*,\s*/).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag)) {
    return reply.code(304).send()
  }
  if (encoding) reply.header('content-encoding', encoding)
  return reply.send(body)
}

// Any page may load these, also with `crossorigin`, which integrity needs.
function shared(reply: FastifyReply): FastifyReply {
  return reply
    .header('access-control-allow-origin', '*')
    .header('cross-origin-resource-policy', 'cross-origin')
}

async function missing(files: BuiltFiles): Promise<ApiError> {
  if (await files.get('sdk.js')) return notFound('File')
  return new ApiError('UNAVAILABLE', 'The SDK is not built', {
    hint: 'npm start builds it; so does node web/build.ts',
    headers: { 'retry-after': '10' },
  })
}
