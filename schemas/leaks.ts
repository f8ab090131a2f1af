import Type, { type Static } from 'typebox'

const LONGEST_URL = 4000

/**
 * One finding of a secret-scanning partner. The form is the partner's: fields that it adds one day are no reason to
 * turn a report away.
 */
const LeakReport = Type.Object({
  token: Type.String({ minLength: 1, maxLength: 1000 }),
  type: Type.String({ minLength: 1, maxLength: 200, examples: ['anteroom_api_key'] }),
  url: Type.Optional(Type.Union([Type.String({ maxLength: LONGEST_URL }), Type.Null()])),
  source: Type.Optional(Type.Union([Type.String({ maxLength: 200 }), Type.Null()])),
})
export type LeakReport = Static<typeof LeakReport>

export const LeakReports = Type.Array(LeakReport, { minItems: 1, maxItems: 1000 })

/** What a partner is told of a finding. The token itself is not repeated. */
const LeakFeedback = Type.Object({
  token_hash: Type.String({ description: 'SHA-256 of the token, in hexadecimal digits' }),
  token_type: Type.String(),
  label: Type.Enum(['true_positive', 'false_positive']),
})
export type LeakFeedback = Static<typeof LeakFeedback>

export const LeakFeedbacks = Type.Array(LeakFeedback)

export const LeakHeaders = Type.Object({
  'github-public-key-identifier': Type.String({ minLength: 1, maxLength: 200 }),
  'github-public-key-signature': Type.String({
    description: 'ECDSA on P-256 with SHA-256 over the raw body, base64 of the DER form',
    minLength: 1,
    maxLength: 200,
  }),
})
