import { setTimeout as wait } from 'node:timers/promises'
import Type from 'typebox'
import { type AccessRecord, findAccessRecord } from '../../db/queries/access-log.ts'
import { notFound } from '../../schemas/errors.ts'
import { idTime } from '../../schemas/id-time.ts'
import { Id } from '../../schemas/ids.ts'
import { ExplainedRecord } from '../../schemas/logs.ts'
import { explainReason } from '../../schemas/reasons.ts'
import { type ReadContext, readOperation } from '../core/operation.ts'
import { serializeLogRecord } from './serialize.ts'

declare module '../core/services.ts' {
  interface Services {
    /** Writes the requests that this process has recorded and that the database does not have yet. */
    readonly accessLog: { flush(): Promise<unknown> }
  }
}

/** Within this time any process has written its records to the database. */
const WRITTEN_MS = 1500
const RETRY_MS = 150

/** Shows one request, and why it was refused. */
export const getLog = readOperation({
  name: 'logs.get',
  summary: 'Get a request, and why it was refused',
  description:
    'Shows one request of the organization by the id in its `X-Request-Id` header or in `error.requestId`. ' +
    '`explanation` says in words why it was refused and what to do.',
  access: 'logs:read',
  input: Type.Object({ requestId: Id('req') }),
  output: ExplainedRecord,
  async run(context, { requestId }) {
    const record = await findRecord(context, requestId)
    return { ...serializeLogRecord(record), explanation: explainReason(record.reason, record.status) }
  },
})

/**
 * The record of a request. Writes what this process has not written yet, and waits for other processes, which may have
 * the record too.
 * @throws ApiError 404 where the organization has no such request
 */
async function findRecord(
  { read, organizationId, services }: ReadContext,
  id: string,
): Promise<AccessRecord> {
  const written = idTime(id) + WRITTEN_MS
  const find = () => read((tx) => findAccessRecord(tx, organizationId, id))
  if (Date.now() < written) await services.accessLog.flush()
  let [record] = await find()
  // An id from the future belongs to no request: do not wait for it.
  while (!record && Date.now() < written && idTime(id) <= Date.now()) {
    await wait(RETRY_MS)
    ;[record] = await find()
  }
  if (!record) throw notFound('Request')
  return record
}
