import type { Page } from './page.ts'

export const pages: readonly Page[] = [
  { path: '/login', load: () => import('../pages/log-in.tsx'), open: true },
  { path: '/signup', load: () => import('../pages/sign-up.tsx'), open: true },
  { path: '/forgot', load: () => import('../pages/forgot.tsx'), open: true },
  { path: '/reset', load: () => import('../pages/reset.tsx'), open: true },
  { path: '/accept', load: () => import('../pages/accept.tsx'), open: true },
  { path: '/email', load: () => import('../pages/email.tsx'), open: true },
  { path: '/welcome', load: () => import('../pages/welcome.tsx') },
  {
    path: '/campaigns',
    load: () => import('../pages/campaigns.tsx'),
    entry: { group: 'Work', title: 'Campaigns', icon: 'campaign', scope: 'campaigns:read', key: 'c' },
  },
  { path: '/campaigns/new', load: () => import('../pages/campaign-new.tsx') },
  { path: '/campaigns/:id', load: () => import('../pages/campaign.tsx') },
  { path: '/campaigns/:id/edit', load: () => import('../pages/campaign-edit.tsx') },
  {
    path: '/candidates',
    load: () => import('../pages/candidates.tsx'),
    entry: { group: 'Work', title: 'Candidates', icon: 'people', scope: 'candidates:read', key: 'd' },
  },
  { path: '/candidates/:id', load: () => import('../pages/candidate.tsx') },
  {
    path: '/interviews',
    load: () => import('../pages/interviews.tsx'),
    entry: { group: 'Work', title: 'Interviews', icon: 'interview', scope: 'interviews:read', key: 'i' },
  },
  { path: '/interviews/:id', load: () => import('../pages/interview.tsx') },
  {
    path: '/logs',
    load: () => import('../pages/logs.tsx'),
    entry: { group: 'Watch', title: 'Logs', icon: 'log', scope: 'logs:read', key: 'l' },
  },
  { path: '/logs/:id', load: () => import('../pages/log-record.tsx') },
  {
    path: '/events',
    load: () => import('../pages/events.tsx'),
    entry: { group: 'Watch', title: 'Events', icon: 'hook', scope: 'webhooks:read', key: 'e' },
  },
  {
    path: '/audit',
    load: () => import('../pages/audit.tsx'),
    entry: { group: 'Watch', title: 'Audit trail', icon: 'audit', scope: 'logs:read', key: 'a' },
  },
  {
    path: '/settings/keys',
    load: () => import('../pages/keys.tsx'),
    entry: { group: 'Settings', title: 'API Keys', icon: 'key', scope: 'keys:read', key: 'k' },
  },
  { path: '/settings/keys/new', load: () => import('../pages/key-new.tsx') },
  { path: '/settings/keys/:id', load: () => import('../pages/key.tsx') },
  { path: '/settings/keys/:id/rotation', load: () => import('../pages/key-rotation.tsx') },
  {
    path: '/settings/members',
    load: () => import('../pages/members.tsx'),
    entry: { group: 'Settings', title: 'Members', icon: 'people', scope: 'members:read', key: 'm' },
  },
  {
    path: '/settings/organization',
    load: () => import('../pages/organization.tsx'),
    entry: {
      group: 'Settings',
      title: 'Organization',
      icon: 'organization',
      scope: 'organization:read',
      key: 'o',
    },
  },
  {
    path: '/settings/webhooks',
    load: () => import('../pages/webhooks.tsx'),
    entry: { group: 'Settings', title: 'Webhooks', icon: 'hook', scope: 'webhooks:read', key: 'w' },
  },
  { path: '/settings/webhooks/:id', load: () => import('../pages/webhook.tsx') },
  {
    path: '/settings/sandbox',
    load: () => import('../pages/sandbox.tsx'),
    only: 'sandbox',
    entry: {
      group: 'Settings',
      title: 'Sandbox tools',
      icon: 'terminal',
      scope: 'organization:read',
      key: 'x',
    },
  },
  {
    path: '/account/profile',
    load: () => import('../pages/profile.tsx'),
    entry: { group: 'Account', title: 'Profile and data', icon: 'book', key: 'u' },
  },
  {
    path: '/account/sessions',
    load: () => import('../pages/sessions.tsx'),
    entry: { group: 'Account', title: 'Sessions', icon: 'session', key: 's' },
  },
  {
    path: '/account/security',
    load: () => import('../pages/security.tsx'),
    entry: { group: 'Account', title: 'Security', icon: 'shield', key: 'p' },
  },
]

/** Where `/` leads. */
export const home = '/settings/keys'

/** The page of a path and the parts of it that the page asks for; null where there is none. */
export function findPage(path: string): { page: Page; params: Record<string, string> } | null {
  const parts = path.split('/')
  for (const page of pages) {
    const wanted = page.path.split('/')
    if (wanted.length !== parts.length) continue
    const params: Record<string, string> = {}
    const fits = wanted.every((part, index) => {
      const actual = parts[index] ?? ''
      if (!part.startsWith(':')) return part === actual
      params[part.slice(1)] = decodeURIComponent(actual)
      return actual !== ''
    })
    if (fits) return { page, params }
  }
  return null
}
