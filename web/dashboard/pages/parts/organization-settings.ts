import type { AnswerTo } from '../../app/api.ts'

/** The organization's settings. */
export type OrganizationSettings = AnswerTo<'/api/organization'>
/** Changes some of them, and says so. */
export type Patch = (change: OrganizationPatch, done: string) => Promise<void>
type OrganizationPatch = Partial<
  Pick<OrganizationSettings, 'name' | 'allowedOrigins' | 'requireTotp' | 'leakedKeys' | 'mediaRetentionDays'>
>
