import { Readable } from 'node:stream'
import Type from 'typebox'
import { findCandidateId, findFileOfLink, listCandidateFiles } from '../db/queries/files.ts'
import { needsScope } from '../operations/core/access.ts'
import { deleteDocument, getFile } from '../operations/files/files.ts'
import { contentDisposition } from '../operations/files/names.ts'
import { readRange } from '../operations/files/range.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { keyOf } from '../operations/files/store.ts'
import { LIMIT_BYTES, takeFile } from '../operations/files/take.ts'
import { wholeOf } from '../operations/files/whole.ts'
import { actorOf } from '../plugins/access.ts'
import { receiveFile } from '../plugins/receive-file.ts'
import { STANDING_MS } from '../plugins/standing.ts'
import { allows } from '../schemas/access.ts'
import { pageOf, readPage } from '../schemas/cursor.ts'
import { ApiError, notFound } from '../schemas/errors.ts'
import { File, FileForm } from '../schemas/files.ts'
import { Id } from '../schemas/ids.ts'
import { Page, pageQuery, Strict } from '../schemas/primitives.ts'
import { type Api, answers, noContent } from './api.ts'

const Content = Type.Unsafe<Readable>({
  description: 'The bytes',
  content: { 'application/octet-stream': { schema: Type.String({ contentEncoding: 'binary' }) } },
})
const candidateParams = Type.Object({ id: Id('cnd') })
const params = Type.Object({ id: Id('file') })

/** Candidates' documents, and every file's content. */
export async function fileRoutes(app: Api): Promise<void> {
  const { tenancy, files, fileLinks, showFile } = app

  app.post(
    '/candidates/:id/files',
    {
      config: { access: 'candidates:write', upload: true },
      schema: {
        tags: ['Files'],
        operationId: 'uploadCandidateFile',
        summary: 'Keep a document of a candidate',
        description: 'PDF, DOC or DOCX by its content, at most 10 MiB, one a request and 20 a candidate.',
        params: candidateParams,
        body: { content: { 'multipart/form-data': { schema: FileForm } } },
        response: answers({ 201: File }, 400, 401, 403, 404, 409, 413, 415, 422, 429),
      },
    },
    (request, reply) => {
      const organizationId = actorOf(request).organization.id
      const owner = { candidateId: request.params.id, interviewId: null, questionId: null }
      return takeFile(
        files,
        tenancy,
        { organizationId, owner, kind: 'document' },
        (id) => receiveFile(request, files.incoming, id, LIMIT_BYTES.document),
        (keep, { sha256 }) => {
          // What an Idempotency-Key stands for: the content, as no two multipart bodies are alike.
          request.body = { sha256: sha256.toString('hex') }
          return app.answerPost(request, reply, 201, async (tx) => showFile(await keep(tx)))
        },
      )
    },
  )

  app.get(
    '/candidates/:id/files',
    {
      config: { access: 'candidates:read' },
      schema: {
        tags: ['Files'],
        operationId: 'listCandidateFiles',
        summary: "List a candidate's documents, newest first",
        params: candidateParams,
        querystring: Strict(pageQuery),
        response: answers({ 200: Page('files', File) }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const page = readPage(request.query, 'file')
      const { id } = actorOf(request).organization
      const [candidate] = await tenancy.read(id, (tx) => findCandidateId(tx, id, request.params.id))
      if (!candidate) throw notFound('Candidate')
      const rows = await tenancy.read(id, (tx) => listCandidateFiles(tx, id, request.params.id, page))
      const { items, nextCursor } = pageOf(rows, page.limit)
      return { files: items.map(showFile), nextCursor }
    },
  )

  app.get(
    '/files/:id',
    {
      config: { access: 'candidates:read' },
      schema: {
        tags: ['Files'],
        operationId: 'getFile',
        summary: 'One file, with a fresh link to its content',
        description: 'A recording needs `interviews:read` besides.',
        params,
        response: answers({ 200: File }, 400, 401, 403, 404, 429),
      },
    },
    async (request) => {
      const { organization, scopes } = actorOf(request)
      const row = await getFile(tenancy, organization.id, request.params.id)
      if (row.interviewId !== null && !allows(scopes, 'interviews:read')) throw needsScope('interviews:read')
      return showFile(row)
    },
  )

  app.delete(
    '/files/:id',
    {
      config: { access: 'candidates:write' },
      schema: {
        tags: ['Files'],
        operationId: 'deleteFile',
        summary: 'Delete a document of a candidate',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    async (request, reply) => {
      const { id } = actorOf(request).organization
      await app.writeAs(request, reply, (tx) => deleteDocument(tx, id, request.params.id))
      await removeBytesSoon(files)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/files/:id/content',
    {
      config: { access: 'public' },
      schema: {
        tags: ['Files'],
        operationId: 'getFileContent',
        summary: "A file's content, by the link that the file came with",
        description:
          'The link is good for this file and five minutes; no other credential is asked for. One range of bytes may ' +
          'be asked for with `Range`.',
        params,
        querystring: Strict({
          expires: Type.Integer({ minimum: 0 }),
          signature: Type.String({ maxLength: 100 }),
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
