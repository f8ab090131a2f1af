// What 2 GiB of uploads at once cost in memory, and what is left of uploads that a SIGKILL cuts off:
//   node bench/evidence/uploads.ts [MiB in all] [clients]
// Needs twice that room in the temporary folder, and some minutes: what a crash leaves is waited for.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sampleTone } from '../../operations/files/sample-media.ts'
import { bearer, makeTenant, startAnteroom } from '../harness/anteroom.ts'

const MIB = 1024 * 1024
const [totalMib = 2048, clients = 20] = process.argv.slice(2).map(Number)
const fileBytes = Math.floor((totalMib * MIB) / clients)
const SAMPLE_MS = 50
const SWEEP_MS = 180_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const dataDir = mkdtempSync(join(tmpdir(), 'anteroom-uploads-'))
const env = { DATA_DIR: dataDir, LOG_LEVEL: 'error' }

// A recording that is not compressible to nothing, made of one block again and again.
const head = sampleTone(0.1)
const block = Buffer.alloc(256 * 1024)
for (let index = 0; index < block.length; index += 1) block[index] = (index * 2_654_435_761) >>> 24

interface Client {
  readonly token: string
  readonly interviewId: string
}

async function post<T>(
  url: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

async function prepare(url: string): Promise<{ key: string; clients: Client[] }> {
  const { key } = await makeTenant(url, 0)
  const questions = [{ id: 'said', kind: 'audio', prompt: 'Say it' }]
  const campaign = await post<{ id: string }>(
    url,
    '/api/campaigns',
    { name: 'Evidence', questions },
    bearer(key),
  )
  const path = `/api/campaigns/${campaign.id}/invites`
  const made: Client[] = []
  for (let count = 0; count < clients; count += 1) {
    const candidate = { email: `candidate-${count}@evidence.example`, name: 'Candidate' }
    const { token } = await post<{ token: string }>(url, path, { candidate, sendEmail: false }, bearer(key))
    const session = await post<{ sessionToken: string; interview: { id: string } }>(
      url,
      '/api/embed/sessions',
      { invite: token },
    )
    made.push({ token: session.sessionToken, interviewId: session.interview.id })
  }
  return { key, clients: made }
}

/** Sends one recording as it would come from a disk. @returns the status; null where the connection was lost */
function upload(
  url: string,
  { token }: Client,
  bytes: number,
  onSent: (bytes: number) => void,
): Promise<number | null> {
  const boundary = 'evidence'
  const before = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="said.wav"\r\n\r\n`,
  )
  const after = Buffer.from(`\r\n--${boundary}--\r\n`)
  return new Promise((resolve) => {
    const sent = request(`${url}/api/embed/interview/answers/said`, {
      method: 'PUT',
      headers: {
        ...bearer(token),
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': before.length + bytes + after.length,
      },
    })
    sent.on('error', () => resolve(null))
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? null))
    })
    const closed = new Promise((go) => sent.once('close', go))
    const drained = () => Promise.race([closed, new Promise((go) => sent.once('drain', go))])
    const send = async () => {
      sent.write(before)
      sent.write(head)
      for (let left = bytes - head.length; left > 0 && !sent.destroyed; ) {
        const part = block.subarray(0, Math.min(left, block.length))
        left -= part.length
        if (!sent.write(part)) await drained()
        onSent(part.length)
      }
      sent.end(after)
    }
    void send()
  })
}

function rssMib(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

/** Watches a process's resident memory while `work` runs. @returns its peak in MiB */
async function watch(pid: number, work: () => Promise<void>): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, rssMib(pid))
  }, SAMPLE_MS)
  await work().finally(() => clearInterval(timer))
  return peak
}

/** Reads every answer and its recording through the API. @returns how many there are; throws for one without its file */
async function checkAnswers(url: string, key: string, all: readonly Client[]): Promise<number> {
  let count = 0
  for (const { interviewId } of all) {
    const response = await fetch(`${url}/api/interviews/${interviewId}`, {
      headers: bearer(key),
    })
    const { answers } = (await response.json()) as {
      answers: { file: { url: string; sha256: string; sizeBytes: number } | null }[]
    }
    for (const { file } of answers) {
      if (!file) throw new Error(`an answer of ${interviewId} is without its file`)
      const hash = createHash('sha256')
      let bytes = 0
      const content = await fetch(file.url)
      for await (const chunk of content.body ?? []) {
        hash.update(chunk)
        bytes += chunk.length
      }
      if (bytes !== file.sizeBytes || hash.digest('hex') !== file.sha256) {
        throw new Error(`the recording of ${interviewId} is not what was sent`)
      }
      count += 1
    }
  }
  return count
}

async function filesIn(folder: string): Promise<number> {
  const entries = await readdir(join(dataDir, 'files', folder), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

interface Swept {
  uploads: number
  removed: number
  orphans: number
  missing: number
}

function check(): Swept {
  const { stdout, stderr } = spawnSync(process.execPath, ['bin/anteroom.ts', 'files', 'check', '--json'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  })
  if (!stdout.startsWith('{')) throw new Error(stderr)
  return JSON.parse(stdout)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

let server = await startAnteroom(env)
try {
  const { key, clients: all } = await prepare(server.url)
  await delay(2000)
  const before = rssMib(server.pid)
  const began = performance.now()
  const statuses: (number | null)[] = []
  const peak = await watch(server.pid, async () => {
    statuses.push(
      ...(await Promise.all(all.map((client) => upload(server.url, client, fileBytes, () => {})))),
    )
  })
  const seconds = (performance.now() - began) / 1000
  say(`${clients} clients, ${totalMib} MiB at once: ${seconds.toFixed(1)} s, answers ${statuses.join(' ')}`)
  say(
    `resident memory: ${before.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at most, ${(peak - before).toFixed(0)} MiB more`,
  )
  say(`answers with their whole recording: ${await checkAnswers(server.url, key, all)} of ${clients}`)

  // Of sizes of their own, so that at the kill some have been answered, and some are at their last steps.
  const sizes = all.map((_, index) => Math.floor((fileBytes * (index + 1)) / clients))
  const half = sizes.reduce((sum, size) => sum + size, 0) / 2
  let sent = 0
  const killed = await Promise.all(
    all.map((client, index) =>
      upload(server.url, client, sizes[index] ?? 0, (bytes) => {
        sent += bytes
        if (sent >= half && sent - bytes < half) process.kill(server.pid, 'SIGKILL')
      }),
    ),
  )
  say(
    `killed with ${(sent / MIB).toFixed(0)} MiB sent: answers ${killed.map((status) => status ?? '-').join(' ')}`,
  )
  say(`left behind: ${await filesIn('incoming')} files that had begun to arrive`)

  server = await startAnteroom(env)
  const end = performance.now() + SWEEP_MS
  let given = 0
  while ((await filesIn('incoming')) > 0 && performance.now() < end) {
    const { uploads } = check()
    given += uploads
    if (uploads === 0) await delay(5000)
  }
  say(`uploads given up by the sweep: ${given}; a check then: ${JSON.stringify(check())}`)
  const answered = await checkAnswers(server.url, key, all)
  say(
    `answers with their whole recording: ${answered}; files in the storage: ${await filesIn('sandbox')}, arriving: ${await filesIn('incoming')}`,
  )
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
