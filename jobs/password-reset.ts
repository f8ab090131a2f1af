import { sendPasswordReset } from '../operations/accounts/password-reset.ts'
import type { Work } from './work.ts'

/** Looks up who asked for a new password, and mails the way to it. */
export const passwordReset: Work = (context, job) => sendPasswordReset(context, job.data)
