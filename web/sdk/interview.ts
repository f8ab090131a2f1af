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
export const isSpoken = ({ kind }: Question): boolean => kind === 'audio' || kind === 'video'
