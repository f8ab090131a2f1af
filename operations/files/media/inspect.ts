import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

// Each takes up to 150 MB of memory and a core for some seconds.
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1))
const LONGEST_WAIT_MS = 30_000
const TIME_LIMIT_MS = 10_000
const TIME_LIMIT_MS_PER_MEBIBYTE = 250
const MEBIBYTE = 1024 * 1024

/** What is known of a recording. */
export interface Inspection {
  /** In seconds; null where the file cannot be read. An upload is accepted by its kind, and need not be whole. */
  readonly duration: number | null
  /** Whether a better copy was written. */
  readonly rewritten: boolean
}

let running = 0
const waiting: (() => void)[] = []

/**
 * Finds out how long a recording is. Browsers write recordings as they go, so that the file states no duration or a wrong
 * one, and players cannot seek. Such a file is written once more, sound and pictures unchanged.
 * @param copy where the better copy goes
 * @throws where the thread fails, or all of this takes too long; what is at `copy` then is of no use
 */
export async function inspectRecording(path: string, copy: string): Promise<Inspection> {
  await turn()
  try {
    const { size } = await stat(path)
    return await inThread({ path, copy }, TIME_LIMIT_MS + (size / MEBIBYTE) * TIME_LIMIT_MS_PER_MEBIBYTE)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

function turn(): Promise<void> {
  if (running < AT_ONCE) {
    running += 1
    return Promise.resolve()
  }
  return new Promise((resolve, reject) => {
    const begin = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(begin), 1)
      reject(new Error('too many recordings are being read'))
    }, LONGEST_WAIT_MS)
    waiting.push(begin)
  })
}

function inThread(workerData: { path: string; copy: string }, limitMs: number): Promise<Inspection> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    })
    const timer = setTimeout(() => {
      reject(new Error(`the recording was not read within ${Math.round(limitMs / 1000)} s`))
      void worker.terminate()
    }, limitMs)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the thread that read the recording ended with ${code}`))
    })
  })
}
