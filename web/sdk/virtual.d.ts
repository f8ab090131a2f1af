// What vite.config.ts makes while it builds.
declare module 'virtual:languages' {
  export type Messages = import('./languages/en.ts').Messages
  /** Every language of the folder, packed into one text: field names are not repeated in each. */
  export const languages: Record<import('./types.ts').Language, Messages>
}

/** Where this script came from: of the classic script and of the module. */
declare const __ANTEROOM_SCRIPT__: string | undefined
declare const __ANTEROOM_VERSION__: string
