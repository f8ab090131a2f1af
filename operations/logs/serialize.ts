import type { AccessRecord } from '../../db/queries/access-log.ts'
import type { LogRecord } from '../../schemas/logs.ts'

/** A record of the access log as the API shows it. */
export function serializeLogRecord({ organizationId, access, ...record }: AccessRecord): LogRecord {
  return { ...record, requestId: record.id, notice: record.notice as LogRecord['notice'] }
}
