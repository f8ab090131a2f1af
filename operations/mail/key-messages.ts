import { compose, type Mail } from './compose.ts'

/** What a message about a leaked key tells. */
export interface LeakFacts {
  readonly organization: string
  readonly name: string
  readonly prefix: string
  /** Where it was found. */
  readonly url: string | null
  readonly revoked: boolean
}

/**
 * Tells an owner that a key was found in public.
 * @param to one bare address
 */
export function leakedKeyMail(to: string, facts: LeakFacts, publicUrl: string): Mail {
  const { organization, name, prefix, url, revoked } = facts
  return compose('notice', to, {
    subject: `An API key of ${organization} was found in public`,
    paragraphs: [
      `The key “${name}” (${prefix}…) of ${organization} was found ${url ? `at ${url}` : 'in a public place'}.`,
      revoked
        ? 'It was revoked at once: nothing accepts it any more. Make a new key for what used it.'
        : 'It still works, as your organization asked for. Rotate it now, and look into the log for what it was used for.',
    ],
    link: { label: 'Your keys and their log', url: `${publicUrl}/dashboard` },
    footer: 'You get this as an owner of the organization. A secret-scanning partner reported the key.',
  })
}
