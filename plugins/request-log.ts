import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { whyOf } from '../operations/core/why.ts'
import { ApiError } from '../schemas/errors.ts'
import { isClientGone } from './client-gone.ts'

/**
 * What the process log says of requests. The access log keeps each request: two lines of process log beside it would
 * only cost. It keeps the status that an answer began with. So a line here names an answer that then broke off for a
 * fault of ours: a storage or a database that failed while a file or an export was sent.
 */
export class RequestLog extends LogController {
  constructor() {
    super({ disableRequestLogging: true })
  }

  /** Clients that go away and credentials that end also break answers off. They are no faults. */
  override streamError(error: NodeJS.ErrnoException, request: FastifyRequest, _reply: FastifyReply): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || isClientGone(request, error)) return
    const { id: requestId } = request
    if (error instanceof ApiError) {
      const { reason, cause } = error
      request.log.error({ requestId, reason, why: whyOf(cause) }, `an answer broke off: ${error.message}`)
    } else {
      request.log.error({ err: error, requestId }, 'an answer broke off')
    }
  }
}
