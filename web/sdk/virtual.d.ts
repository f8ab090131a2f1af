// What vite.config.ts makes while it builds.
declare module 'virtual:languages' {
  export const codes: readonly import('./types.ts').Language[]
  /** English, as one text with bars between. */
  export const english: string
}

/** Where this script came from: of the classic script and of the module. */
declare const __ANTEROOM_SCRIPT__: string | undefined
/** The languages that this script holds beside English, packed like it. */
declare const __ANTEROOM_TEXTS__: Partial<Record<import('./types.ts').Language, string>>
declare const __ANTEROOM_VERSION__: string
