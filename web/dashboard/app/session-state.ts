import { signal } from '@preact/signals'

/** The server no longer knows the session: whoever sees this leads to the log-in. */
export const sessionEnded = signal(false)

/** The organization requires a second factor that the user has yet to set up. */
export const secondFactorMissing = signal(false)
