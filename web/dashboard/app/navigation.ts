import type { Page } from './page.ts'
import { environment, may } from './session.ts'

/** Whether a page has an entry for who is logged in, in this environment. */
export function isOffered(page: Page): page is Page & { entry: NonNullable<Page['entry']> } {
  const { entry } = page
  if (!entry || (entry.only && entry.only !== environment.value)) return false
  return !entry.scope || may(entry.scope)
}
