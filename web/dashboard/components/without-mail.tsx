import { server } from '../app/server.ts'
import { Notice } from './notice.tsx'

/** Stands where something is sent by e-mail: says so where the server sends none. */
export function WithoutMail({ what }: { what: string }) {
  if (server.mail !== 'none') return null
  return <Notice>{`This server sends no e-mail, so ${what}. Who runs it has to set SMTP_URL.`}</Notice>
}
