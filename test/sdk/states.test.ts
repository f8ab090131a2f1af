import fc from 'fast-check'
import t from 'tap'
import {
  after,
  bitrate,
  LARGEST_RECORDING,
  type RecorderEvent,
  type RecorderState,
} from '../../web/sdk/states.ts'

const events: RecorderEvent[] = ['ask', 'granted', 'refused', 'start', 'stop', 'stopped', 'again']
const walk = (path: RecorderEvent[], from: RecorderState = 'closed') => path.reduce(after, from)

t.test('from the first permission to a second recording', async (t) => {
  t.equal(walk(['ask', 'granted', 'start', 'stop', 'stopped']), 'recorded')
  t.equal(walk(['ask', 'granted', 'start', 'stop', 'stopped', 'again', 'granted', 'start']), 'recording')
  t.equal(walk(['ask', 'refused', 'ask', 'granted']), 'ready')
})

t.test('a device that is lost while it records ends the recording, and keeps it', async (t) => {
  t.equal(walk(['ask', 'granted', 'start', 'refused', 'stopped']), 'recorded')
})

t.test('in any order of events', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (path) => {
      let state: RecorderState = 'closed'
      for (const event of path) {
        const next = after(state, event)
        const moved = next !== state
        // Nothing records that was not ready, and nothing is thrown away that was not asked for.
        if (moved && next === 'recording' && !(state === 'ready' && event === 'start')) return false
        if (moved && state === 'recorded' && event !== 'again') return false
        if (moved && state === 'recording' && next !== 'stopping') return false
        // The same click twice is one.
        if (after(next, event) !== next) return false
        state = next
      }
      return true
    }),
  )
})

t.test('a recording at full length is smaller than the API takes', async () => {
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: 5, max: 3600 }), (video, seconds) => {
      return (bitrate(video, seconds) / 8) * seconds < LARGEST_RECORDING
    }),
  )
})
