// The public face of the SDK. These declarations are published as they stand, as sdk.d.ts.

/** Where an interview stands, as the API tells it. */
export type InterviewStatus = 'created' | 'in_progress' | 'paused' | 'completed' | 'abandoned'

/** A language that the candidate's texts exist in. */
export type Language = 'ar' | 'de' | 'en' | 'es' | 'fr' | 'it' | 'pl' | 'pt'

/** What was opened, once it can be shown. */
export interface Ready {
  /** Null until the candidate begins: opening an invite changes nothing. */
  interviewId: string | null
  status: InterviewStatus
  title: string
  organization: string
  /** How many questions there are. */
  questions: number
  /** The language that the texts are shown in. */
  language: Language
}

/** One answer has reached the server. */
export interface Progress {
  interviewId: string
  questionId: string
  /** How many questions have an answer on the server, this one included. */
  answered: number
  questions: number
}

/** The interview is over, and nothing of it is left to send. */
export interface Completed {
  interviewId: string
  answered: number
  questions: number
}

/**
 * What went wrong.
 * `INVITE_REFUSED` the invite was used, ended, withdrawn or never issued: the browser is not told which;
 * `ORIGIN_NOT_ALLOWED` this page's origin is not among the organization's `allowedOrigins`;
 * `SESSION_ENDED` the session is over, or the interview takes no more answers;
 * `ANSWER_REFUSED` one answer was not taken; the candidate sees why, and can answer again;
 * `MEDIA_UNAVAILABLE` no microphone or camera, or no permission to use it;
 * `UNEXPECTED` anything else.
 * A lost connection is no error: what is not sent yet is sent when it is back.
 */
export interface InterviewError {
  code:
    | 'INVITE_REFUSED'
    | 'ORIGIN_NOT_ALLOWED'
    | 'SESSION_ENDED'
    | 'ANSWER_REFUSED'
    | 'MEDIA_UNAVAILABLE'
    | 'UNEXPECTED'
  message: string
  /** The API's `x-request-id`, where a request failed. */
  requestId?: string | undefined
}

/** How the interview is shown, and what the page hears of it. */
export interface MountOptions {
  /** The invite's token, `inv_…`. Safe in a page: it opens one interview, once. */
  invite: string
  /** Where the API is. Default: the origin that this script was loaded from. */
  baseUrl?: string
  /** A language tag. Default: the campaign's language if there are texts for it, else the browser's, else English. */
  language?: string
  /** Default: as the page is. It is dark only where the page's own `color-scheme` allows that. */
  theme?: 'light' | 'dark' | 'auto'
  /** CSS variables without their prefix: `{ accent: '#7c3aed', radius: '4px' }` sets `--anteroom-accent` and `--anteroom-radius`. */
  variables?: Record<string, string>
  /**
   * How long the candidate can come back in this browser: `local` (default) for 24 hours, also after the tab was
   * closed; `session` until the tab is closed, for devices that people share.
   */
  remember?: 'session' | 'local'
  onReady?: (ready: Ready) => void
  onProgress?: (progress: Progress) => void
  onComplete?: (completed: Completed) => void
  onError?: (error: InterviewError) => void
}

/** An interview that is shown. */
export interface Mounted {
  /** Takes it off the page, lets go of microphone and camera; what is not sent yet is kept in this browser. */
  unmount(): void
}

/** What the script defines as `window.InterviewSDK`. */
export interface InterviewSdk {
  /**
   * Shows the interview of an invite inside an element, in a shadow root of its own.
   * @throws {TypeError} there is no such element, or no invite
   */
  mount(target: string | Element, options: MountOptions): Mounted
  /** Takes away what `mount` put into an element. */
  unmount(target: string | Element): void
  /** The SDK's version. */
  readonly version: string
}
