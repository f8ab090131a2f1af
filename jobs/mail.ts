import { unsealMail } from '../operations/mail/mailer.ts'
import type { Work } from './work.ts'

/** Delivers one e-mail. */
export const mail: Work = ({ delivery, encryptionKey }, job) =>
  delivery.deliver(unsealMail(encryptionKey, job.data), job.id)
