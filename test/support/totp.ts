import { generate } from 'otplib'

const STEP_SECONDS = 30

/** An authenticator's code, so many steps of half a minute from now. */
export function codeOf(secret: string, steps = 0): Promise<string> {
  return generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP_SECONDS })
}

/** Every code that is taken now, or may be by the time it is sent. */
export async function rightCodes(secret: string): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all([-1, 0, 1, 2, 3].map((steps) => codeOf(secret, steps))))
}

/** A code that is not taken: one picked by hand is right for one secret in some hundred thousands. */
export async function wrongCode(secret: string): Promise<string> {
  const right = await rightCodes(secret)
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.has(code)) ?? ''
}
