import { signal } from '@preact/signals'

/** Whether the command palette lies over the page. */
export const paletteOpen = signal(false)
/** Whether the list of shortcuts does. */
export const shortcutsOpen = signal(false)
