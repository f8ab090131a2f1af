import type { Page } from './page.ts'
import { server } from './server.ts'
import { may } from './session.ts'

/** Whether this server has the page: some are for the sandbox alone. */
export function isHere({ only }: Page): boolean {
  return only === undefined || only === server.environment
}

/** Whether a page has an entry for who is logged in. */
export function isOffered(page: Page): page is Page & { entry: NonNullable<Page['entry']> } {
  return page.entry !== undefined && isHere(page) && (!page.entry.scope || may(page.entry.scope))
}
