// What invites and interviews should do, in a few lines without a database. Times are minutes since the run began.

export type Count = 'invited' | 'started' | 'completed' | 'expired'

export interface ModelInterview {
  id: string
  status: 'in_progress' | 'paused' | 'completed' | 'abandoned'
  activeAt: number
  answers: Map<string, string>
  /** Session tokens; the last one is open unless it was ended. */
  sessions: string[]
  ended: boolean
}

export interface ModelToken {
  text: string
  open: boolean
  /** The token of the browser that used it, and can come back. */
  usedBy: string | null
}

export interface ModelInvite {
  id: string
  candidate: ModelCandidate
  status: 'pending' | 'started' | 'completed' | 'expired' | 'cancelled'
  expiresAt: number
  tokens: ModelToken[]
  interview: ModelInterview | null
}

export interface ModelCandidate {
  id: string
  email: string
  erased: boolean
}

const PAUSES_AFTER = 30
const ABANDONED_AFTER = 24 * 60

export class Model {
  now = 0
  active = true
  readonly candidates: ModelCandidate[] = []
  readonly invites: ModelInvite[] = []
  readonly counts: Record<Count, number> = { invited: 0, started: 0, completed: 0, expired: 0 }
  readonly events = new Map<string, number>()

  tell(type: string): void {
    this.events.set(type, (this.events.get(type) ?? 0) + 1)
  }

  advance(minutes: number): void {
    this.now += minutes
    for (const invite of this.invites) {
      if (invite.status === 'pending' && this.now >= invite.expiresAt) {
        invite.status = 'expired'
        this.counts.expired += 1
        this.tell('invite.expired')
      }
      const { interview } = invite
      if (!interview) continue
      const silent = this.now - interview.activeAt
      if (interview.status === 'in_progress' && silent >= PAUSES_AFTER) this.move(interview, 'paused')
      if (interview.status === 'paused' && silent >= ABANDONED_AFTER) this.move(interview, 'abandoned')
    }
  }

  move(interview: ModelInterview, to: ModelInterview['status']): void {
    interview.status = to
    if (to !== 'in_progress') this.tell(`interview.${to}`)
  }

  openInvites(candidate: ModelCandidate): ModelInvite[] {
    return this.invites.filter(
      (invite) =>
        invite.candidate === candidate &&
        (invite.status === 'pending' ||
          (invite.status === 'started' && invite.interview?.status !== 'abandoned')),
    )
  }

  /** The status that an exchange of that token should be answered with. */
  exchange(invite: ModelInvite, token: ModelToken, browser: string | null): 200 | 401 | 409 {
    const underWay = invite.status === 'started' && invite.interview?.status !== 'abandoned'
    if (browser !== null && token.usedBy === browser) return underWay ? 200 : 409
    if (!token.open) return 401
    return underWay || (invite.status === 'pending' && this.active) ? 200 : 401
  }

  /** A token was used: no other one leads back any more. */
  use(invite: ModelInvite, token: ModelToken, browser: string | null): void {
    if (!token.open) return
    for (const one of invite.tokens) one.usedBy = null
    token.open = false
    token.usedBy = browser
  }

  /** Whether a session still opens the interview. */
  opens(interview: ModelInterview, session: string): boolean {
    if (interview.ended || session !== interview.sessions.at(-1)) return false
    return this.now - interview.activeAt < ABANDONED_AFTER
  }

  touch(interview: ModelInterview): void {
    if (interview.status !== 'completed' && interview.status !== 'abandoned') interview.activeAt = this.now
  }

  erase(candidate: ModelCandidate): void {
    candidate.erased = true
    for (const invite of this.invites.filter((one) => one.candidate === candidate)) {
      if (invite.status === 'pending') {
        invite.status = 'cancelled'
        this.tell('invite.cancelled')
      }
      if (!invite.interview) continue
      this.end(invite.interview)
      invite.interview.answers.clear()
    }
  }

  end(interview: ModelInterview): void {
    interview.ended = true
    if (interview.status === 'in_progress' || interview.status === 'paused') this.move(interview, 'abandoned')
  }
}
