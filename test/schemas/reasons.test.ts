import t from 'tap'
import { ApiError, errorEnvelope } from '../../schemas/errors.ts'
import { explainReason, publicReason, type Reason, reasons } from '../../schemas/reasons.ts'

const words = Object.keys(reasons) as Reason[]

t.test('every reason is a snake_case word with a sentence for the owner', async (t) => {
  for (const word of words) {
    t.match(word, /^[a-z]+(_[a-z]+)*$/, word)
    t.match(reasons[word].explanation, /^[A-Z].*\.$/s, `${word} has a sentence`)
  }
})

t.test('a refused credential has no public reason', async (t) => {
  const refusals = words.filter((word) =>
    /^(unknown|wrong_secret|wrong_env|key_|token_|session_ended)/.test(word),
  )
  for (const word of refusals) t.equal(publicReason(word), undefined, word)
})

t.test('an envelope shows a public reason without what it is about, and no other', async (t) => {
  const missing = new ApiError('FORBIDDEN', undefined, { reason: 'scope_missing:keys:read' })
  t.equal(errorEnvelope(missing, 'req_1').error.reason, 'scope_missing')
  const refused = new ApiError('UNAUTHORIZED', undefined, { reason: 'key_revoked' })
  t.equal(errorEnvelope(refused, 'req_1').error.reason, undefined)
})

t.test('the owner reads what a reason is about', async (t) => {
  t.match(explainReason('scope_missing:keys:read', 403), /the scope keys:read\.$/)
  t.equal(
    explainReason('a_word_of_an_older_version', 403),
    'The request was refused: a word of an older version.',
  )
  t.match(explainReason(null, 500), /failed on our side/)
})
