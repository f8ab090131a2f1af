import type { InterviewStatus } from './types.ts'

/** An interview as the embed API shows it, as far as this page needs it. */
export interface Interview {
  id: string
  status: InterviewStatus
  title: string
  language: string
  organization: { name: string }
  questions: Question[]
  answers: { questionId: string; text?: string | null; choice?: string | null }[]
}

/** What an invite leads to. Looking at it changes nothing. */
export interface Preview {
  status: 'pending' | 'started' | 'completed' | 'abandoned' | 'cancelled'
  /** Whether this browser began the interview, and can come back. */
  returning: boolean
  title: string
  language: string
  organization: { name: string }
  questions: Pick<Question, 'kind'>[]
  /** Proves to the server that this is the same browser. The hosted page has it in a cookie instead. */
  browserToken?: string
}

/** What is shown before the questions. */
export type Facts = Pick<Preview, 'title' | 'language' | 'organization' | 'questions'>

/** What an invite is exchanged for. */
export interface Session {
  sessionToken: string
  interview: Interview
}

export interface Question {
  id: string
  prompt: string
  kind: 'text' | 'choice' | 'audio' | 'video'
  options?: string[]
  timeLimitSeconds?: number
}

/** Whether it is answered by speaking. */
export const isSpoken = ({ kind }: Pick<Question, 'kind'>): boolean => kind === 'audio' || kind === 'video'
