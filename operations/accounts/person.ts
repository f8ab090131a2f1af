/** Who is logged in, in which session. */
export interface Person {
  readonly userId: string
  readonly sessionId: string
}
