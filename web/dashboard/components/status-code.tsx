import { Badge } from './badge.tsx'

/** A status of HTTP, in the colour of its class. */
export function StatusCode({ of }: { of: number }) {
  return <Badge kind={of < 400 ? 'ok' : of < 500 ? 'warn' : 'danger'}>{of}</Badge>
}
