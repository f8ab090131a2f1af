import { Readable } from 'node:stream'
import Type from 'typebox'
import { findFileOfLink } from '../db/queries/files.ts'
import { createFile, takeDocument } from '../operations/files/create.ts'
import { deleteFile } from '../operations/files/delete.ts'
import { getFile } from '../operations/files/get.ts'
import { listFiles } from '../operations/files/list.ts'
import { contentDisposition } from '../operations/files/names.ts'
import { readRange } from '../operations/files/range.ts'
import { keyOf } from '../operations/files/store.ts'
import { wholeOf } from '../operations/files/whole.ts'
import { actorOf } from '../plugins/access.ts'
import { receiveFile } from '../plugins/receive-file.ts'
import { STANDING_MS } from '../plugins/standing.ts'
import { ApiError, notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { Strict } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'
import { rest } from './rest.ts'

const Content = Type.Unsafe<Readable>({
  description: 'The bytes',
  content: { 'application/octet-stream': { schema: Type.String({ contentEncoding: 'binary' }) } },
})
/** Candidates' documents, and every file's content. */
export async function fileRoutes(app: Api): Promise<void> {
  const { files, fileLinks } = app

  rest(app, 'POST /candidates/:id/files', createFile, {
    status: 201,
    form: { file: 'file' },
    around: (request, run) => {
      const { id: candidateId } = request.params as { id: string }
      const organizationId = actorOf(request).organization.id
      return takeDocument(
        app,
        { organizationId, candidateId },
        (id, limitBytes) => receiveFile(request, files.incoming, id, limitBytes),
        (file) => run({ file }),
      )
    },
  })
  rest(app, 'GET /candidates/:id/files', listFiles)
  rest(app, 'GET /files/:id', getFile)
  rest(app, 'DELETE /files/:id', deleteFile, { status: 204 })

  app.get(
    '/files/:id/content',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Files'],
        operationId: 'files.download',
        summary: 'Download the content of a file',
        description:
          'The link that a file comes with leads here. It opens this file alone, for five minutes, and needs no other ' +
          'credential. `Range` asks for one range of bytes.',
        params: Type.Object({ id: Id('file') }),
        querystring: Strict({
          expires: Type.Integer({ minimum: 0, description: 'Until when the link is good, in Unix seconds' }),
          signature: Type.String({ maxLength: 100, description: 'What this server signed the link with' }),
        }),
        response: answers({ 200: Content, 206: Content }, 400, 403, 404, 416, 503),
      },
    },
    async (request, reply) => {
      const { expires, signature } = request.query
      const { id } = request.params
      // Whether there is such a file is told to nobody without a link to it.
      if (!fileLinks.verify(id, expires, signature)) {
        throw new ApiError('FORBIDDEN', 'This link is not valid, or no longer: ask for the file once more', {
          reason: 'link_invalid',
        })
      }
      const [row] = await findFileOfLink(app.database, id)
      if (!row) throw notFound('File')
      // Who fetched a recording stands in its organization's log.
      request.concerns = row.organizationId
      const etag = `"${row.sha256.toString('hex')}"`
      const ifRange = request.headers['if-range']
      const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined
      const range = readRange(wanted, row.sizeBytes)
      reply.headers({ 'accept-ranges': 'bytes', 'cache-control': 'private, no-store' })
      if (range === 'unsatisfiable') {
        throw new ApiError('RANGE_NOT_SATISFIABLE', undefined, {
          headers: { 'content-range': `bytes */${row.sizeBytes}` },
        })
      }
      const { start, end } = range ?? { start: 0, end: row.sizeBytes - 1 }
      if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${row.sizeBytes}`)
      reply.headers({
        etag,
        'content-length': end - start + 1,
        'content-disposition': contentDisposition(row.name),
        // Whatever a browser makes of it: no script, no origin, nothing loaded.
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      })
      reply.type(row.contentType)
      // A body that Fastify drops, as it does for each HEAD: without one it would say that the length is 0.
      if (request.method === 'HEAD') return reply.send(Readable.from([]))
      const key = keyOf(files, row.organizationId, id)
      const content = wholeOf(await files.storage.read(key, { start, end }), end - start + 1)
      // The link is the credential: what it opened ends with it, and with the file.
      const watch = setInterval(async () => {
        const [still] = await findFileOfLink(app.database, id).catch(() => [])
        if (!still || !fileLinks.verify(id, expires, signature)) content.destroy()
      }, STANDING_MS)
      watch.unref()
      reply.raw.once('close', () => clearInterval(watch))
      return reply.send(content)
    },
  )
}
