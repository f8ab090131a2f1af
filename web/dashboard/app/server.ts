/** What the server that sent this page is, and what its configuration allows. The page's root element says it. */
const { environment, signup, mail } = document.documentElement.dataset

export const server = {
  environment: environment === 'production' ? 'production' : 'sandbox',
  /** Whether strangers may create an account. */
  signupIsOpen: signup === 'open',
  /** What becomes of e-mail: it is sent, it is written to the server's log, or there is none. */
  mail: mail === 'sent' || mail === 'logged' ? mail : 'none',
} as const
