import { sendPasswordReset } from '../operations/password/forgot.ts'
import type { Work } from './work.ts'

/** Looks up who asked for a new password, and mails the way to it. */
export const passwordReset: Work = (context, job) => sendPasswordReset(context, job.data)
