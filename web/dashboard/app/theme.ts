import { effect, signal } from '@preact/signals'

const KEY = 'anteroom:theme'
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** Light or dark, or as the system has it. */
export const theme = signal<Theme>((localStorage.getItem(KEY) as Theme | null) ?? 'system')

/** Keeps the page in the chosen theme; colours follow by themselves (CSS `light-dark`). */
export function followTheme(): void {
  effect(() => {
    localStorage.setItem(KEY, theme.value)
    document.documentElement.style.colorScheme = theme.value === 'system' ? '' : theme.value
  })
}
