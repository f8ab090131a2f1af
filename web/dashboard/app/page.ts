import type { ComponentType } from 'preact'
import type { IconName } from '../components/icon.tsx'

/** What a page is given: the parts of its path that begin with a colon. */
export interface PageProps {
  readonly params: Readonly<Record<string, string>>
}

/** A page: a file of pages/, loaded when someone goes there, and its line here. */
export interface Page {
  readonly path: string
  readonly load: () => Promise<{ default: ComponentType<PageProps> }>
  /** Open to who is not logged in. */
  readonly open?: true
  /** This environment alone has it. */
  readonly only?: 'sandbox'
  /** Its entry in the navigation and the palette. */
  readonly entry?: {
    readonly group: 'Work' | 'Watch' | 'Settings' | 'Account'
    readonly title: string
    readonly icon: IconName
    /** Shown to who may this. */
    readonly scope?: string
    /** Pressed after `g`. */
    readonly key?: string
  }
}
