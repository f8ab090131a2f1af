import type { IncomingMessage } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { type FileRow, findFile } from '../db/queries/files.ts'
import { saveEmbedAnswer } from '../operations/embed/save-answer.ts'
import { sessionOf } from '../operations/embed/session.ts'
import { removeBytesSoon } from '../operations/files/remove.ts'
import { ResumableUploads, UNFINISHED_SECONDS } from '../operations/files/resumable.ts'
import { beginUpload } from '../operations/files/take.ts'
import {
  type AskedQuestion,
  type WantedRecording,
  wantRecording,
} from '../operations/interviews/recordings.ts'
import { actorOf } from '../plugins/access.ts'
import { callerOf } from '../plugins/operations.ts'
import { hasBody } from '../plugins/request-body.ts'
import type { ErrorCode } from '../schemas/error-codes.ts'
import { ApiError, badRequest, type ErrorEnvelope, notFound } from '../schemas/errors.ts'
import { Id } from '../schemas/ids.ts'
import { type Api, answers, noContent } from './api.ts'

const PATH = '/api/embed/interview/uploads'
const VERSION = '1.0.0'
const QUESTION = /^[A-Za-z0-9_-]{1,64}$/

const params = Type.Object({ id: Id('file') })

/** Long recordings, in as many parts as it takes, by the tus protocol: below /api/embed. */
export async function embedUploadRoutes(app: Api): Promise<void> {
  const { tenancy, files } = app
  let uploads: Promise<ResumableUploads> | undefined

  // Left on the wire: it is read where it is written.
  app.addContentTypeParser('application/offset+octet-stream', (_request, _payload, done) => done(null))
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('tus-resumable', VERSION)
    done()
  })

  const handle = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    asked: AskedQuestion,
    wanted: WantedRecording,
  ) => {
    // A HEAD carries none, whatever it announces, and the library's Request would not take one.
    const carries =
      request.method !== 'HEAD' &&
      hasBody(request.raw) &&
      request.headers['content-type']?.startsWith('application/offset+octet-stream')
    uploads ??= ResumableUploads.open(files, app.config.basePath + PATH)
    try {
      const response = await (await uploads).handle({
        method: request.method,
        headers: protocolHeaders(request),
        body: carries ? (Readable.toWeb(bodyOf(request.raw)) as ReadableStream) : null,
        id,
        wanted,
        commit: async (taken) => {
          const caller = { ...callerOf(request, reply), idempotencyKey: null, waited: true }
          const file = { ...taken, kind: wanted.kind }
          await app.runner.run(saveEmbedAnswer, caller, { questionId: asked.questionId, file })
        },
      })
      // Of the upload that this one takes the place of.
      if (request.method === 'POST') await removeBytesSoon(files)
      // The library tells all failures of the body alike.
      if (request.bodyFailure) throw request.bodyFailure
      return response
    } finally {
      // What nobody has read is read and dropped, so that the caller gets to see the answer.
      request.raw.unpipe()
      request.raw.resume()
    }
  }

  // Operations revalidate in the runner. A body that these routes do not read may take a while to arrive, too.
  const preHandler = async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.body != null) await app.revalidate(request, reply, false)
  }

  app.post(
    '/interview/uploads',
    {
      preHandler,
      config: { access: 'interview', upload: true },
      schema: {
        tags: ['Embed'],
        operationId: 'embed.createUpload',
        summary: 'Begin a resumable upload of a recorded answer',
        description:
          'By the [tus protocol](https://tus.io/protocols/resumable-upload) 1.0.0. `Upload-Length` names the size, and ' +
          '`Upload-Metadata` the question as `questionId`. Then `PATCH` the parts to the `Location`; `HEAD` tells how ' +
          'much of it has arrived. An unfinished upload is kept for 24 hours, and a new one to the same question ' +
          'replaces it. With its last byte it becomes the answer.',
        response: answers({ 201: noContent }, 400, 401, 403, 404, 409, 413, 415, 429),
      },
    },
    async (request, reply) => {
      const questionId = questionOf(request)
      const asked = { ...sessionOf(actorOf(request)), questionId }
      const wanted = await tenancy.write(asked.organizationId, (tx) => wantRecording(tx, asked))
      const id = await beginUpload(files, tenancy, wanted, { seconds: UNFINISHED_SECONDS, alone: true })
      return answer(request, reply, await handle(request, reply, id, asked, wanted))
    },
  )

  // What is asked of an upload, whose row says what it is to become.
  const go = async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const session = sessionOf(actorOf(request))
    const { organizationId, interviewId } = session
    const { id } = request.params
    const find = () => tenancy.read(organizationId, (tx) => findFile(tx, organizationId, id))
    const [row] = await find()
    if (row?.interviewId !== interviewId || row.questionId === null) throw notFound('Upload')
    if (row.state === 'stored') return answerFinished(request, reply, row)
    const asked = { ...session, questionId: row.questionId }
    const wanted = await tenancy.write(organizationId, (tx) => wantRecording(tx, asked))
    const response = await handle(request, reply, id, asked, wanted)
    // The last byte may have arrived, and been answered for, in this very moment.
    const [file] = [404, 410].includes(response.status) ? await find() : []
    if (file?.state === 'stored') return answerFinished(request, reply, file)
    return answer(request, reply, response)
  }

  app.patch(
    '/interview/uploads/:id',
    {
      preHandler,
      config: { access: 'interview', upload: true },
      schema: {
        tags: ['Embed'],
        operationId: 'embed.appendUpload',
        summary: 'Send the next part of a resumable upload',
        description:
          'The body is a part of the recording, as `application/offset+octet-stream`. `Upload-Offset` says where the ' +
          'part begins: as much as has arrived (409 otherwise).',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 413, 415, 429),
      },
    },
    go,
  )
  app.delete(
    '/interview/uploads/:id',
    {
      preHandler,
      config: { access: 'interview' },
      schema: {
        tags: ['Embed'],
        operationId: 'embed.deleteUpload',
        summary: 'Cancel a resumable upload',
        description: 'What has arrived of it is removed. The answer that the question had stays.',
        params,
        response: answers({ 204: noContent }, 400, 401, 403, 404, 409, 429),
      },
    },
    go,
  )
  app.head('/interview/uploads/:id', { config: { access: 'interview' }, schema: { params } }, go)
}

// The library judges every header that it knows, also those of proxies, which are none of its business here.
function protocolHeaders({ headers }: FastifyRequest): Headers {
  const kept = Object.entries(headers).filter(([name]) => /^(tus-|upload-|content-(length|type)$)/.test(name))
  return new Headers(kept.map(([name, value]): [string, string] => [name, String(value)]))
}

// A stream of its own, which may end while the connection lives on: then there is an answer.
function bodyOf(raw: IncomingMessage): Readable {
  const body = new PassThrough()
  const stop = (error?: Error) => {
    raw.unpipe(body)
    body.destroy(error)
  }
  raw.once('error', stop).once('close', () => raw.complete || stop(new Error('the request broke off')))
  return raw.pipe(body)
}

function questionOf(request: FastifyRequest): string {
  const metadata = String(request.headers['upload-metadata'] ?? '')
  for (const pair of metadata.split(',')) {
    const [name, value = ''] = pair.trim().split(' ')
    if (name !== 'questionId') continue
    const id = Buffer.from(value, 'base64').toString()
    if (QUESTION.test(id)) return id
  }
  throw badRequest('headers.upload-metadata', 'must name the question as questionId, in base64')
}

function answerFinished(request: FastifyRequest, reply: FastifyReply, file: FileRow) {
  const length = file.uploadedBytes ?? file.sizeBytes ?? 0
  if (request.method !== 'HEAD') throw new ApiError('CONFLICT', 'This upload is finished')
  return reply
    .headers({ 'cache-control': 'no-store', 'upload-offset': length, 'upload-length': length })
    .code(200)
    .send()
}

const codes: Record<number, ErrorCode> = {
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
}

// What the protocol says of a response is its headers and its status, of which it has some of its own: 410, 412.
async function answer(request: FastifyRequest, reply: FastifyReply, response: Response) {
  for (const [name, value] of response.headers) {
    // Which pages may ask is not the protocol's affair.
    if (!/^(access-control-.*|content-(length|type))$/.test(name)) reply.header(name, value)
  }
  if (response.status < 400) return reply.code(response.status).send()
  const message = (await response.text()).trim()
  if (response.status >= 500) throw new Error(message)
  // The library's 403 is a header that is missing.
  const status = response.status === 403 ? 400 : response.status
  const code = codes[status] ?? 'BAD_REQUEST'
  return reply
    .code(status)
    .header('tus-version', VERSION)
    .serializer(JSON.stringify)
    .type('application/json; charset=utf-8')
    .send({ error: { code, message, requestId: request.id } } satisfies ErrorEnvelope)
}
