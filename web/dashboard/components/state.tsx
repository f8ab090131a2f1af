import { Badge } from './badge.tsx'

const kinds: Record<string, 'ok' | 'warn' | 'danger' | 'plain' | 'info'> = {
  draft: 'plain',
  active: 'ok',
  paused: 'warn',
  completed: 'ok',
  archived: 'plain',
  pending: 'warn',
  started: 'info',
  expired: 'plain',
  cancelled: 'plain',
  created: 'info',
  in_progress: 'info',
  abandoned: 'danger',
  enabled: 'ok',
  disabled: 'plain',
  delivered: 'ok',
  failed: 'danger',
}

/** Where in its life a thing is. */
export function State({ of }: { of: string }) {
  const text = of.replaceAll('_', ' ')
  return <Badge kind={kinds[of] ?? 'plain'}>{text.charAt(0).toUpperCase() + text.slice(1)}</Badge>
}
