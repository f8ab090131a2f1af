// node bench/evidence/revocation.ts [--keys 500] [--clients 100] [--every 50] [--pause 250]
import { parseArgs } from 'node:util'
import { circumstances, watchRevocations } from './revocations.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '500' },
    clients: { type: 'string', default: '100' },
    every: { type: 'string', default: '50' },
    pause: { type: 'string', default: '250' },
  },
})

const sightings = await watchRevocations({
  keys: Number(values.keys),
  clients: Number(values.clients),
  everyMs: Number(values.every),
  pauseMs: Number(values.pause),
  among: circumstances,
})
for (const sighting of sightings) process.stdout.write(`${JSON.stringify(sighting)}\n`)
const accepted = sightings.reduce((sum, { lateAnswers }) => sum + (lateAnswers['200'] ?? 0), 0)
const acted = sightings.reduce((sum, { slowAnswers }) => sum + (slowAnswers['201'] ?? 0), 0)
process.stdout.write(`accepted after the answer: ${accepted}\n`)
process.stdout.write(`writes that began before and acted after the answer: ${acted}\n`)
process.exitCode = accepted + acted === 0 ? 0 : 1
