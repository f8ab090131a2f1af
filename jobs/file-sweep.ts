import { auditFiles, type Swept, sweepFiles } from '../operations/files/remove.ts'
import type { Work, WorkContext } from './work.ts'

/** Every five minutes: a crash leaves an upload under way for two. */
export const FILE_SWEEP_CRON = '*/5 * * * *'

/** Each night: it reads the names of all that is stored. */
export const FILE_AUDIT_CRON = '41 3 * * *'

/** Removes the bytes of files whose rows are gone, and gives up uploads that a crash left. */
export const fileSweep: Work = async (context) => tell(context, await sweepFiles(context.files))

/** Compares the storage with the rows. */
export const fileAudit: Work = async (context) => tell(context, await auditFiles(context.files))

function tell({ log }: WorkContext, swept: Swept): void {
  if (Object.values(swept).some((count) => count > 0)) log.info({ swept }, 'files swept')
}
