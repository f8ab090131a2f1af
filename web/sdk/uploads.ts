import { type Connection, Refused } from './connection.ts'
import type { Keeper } from './keep.ts'

// Bytes. Below, one request is quicker; above, losing the connection should not cost what has arrived already.
const RESUMABLE_FROM = 4 * 1024 * 1024
const PART = 2 * 1024 * 1024

/** Sends a recording: a short one as a form, a long one in parts that go on where a lost connection left them. */
export async function sendRecording(
  connection: Connection,
  keeper: Keeper,
  question: string,
  recording: Blob,
  onProgress: (share: number) => void,
): Promise<void> {
  if (recording.size >= RESUMABLE_FROM)
    return sendInParts(connection, keeper, question, recording, onProgress)
  const body = new FormData()
  body.append('file', recording, `answer.${/mp4|ogg/.exec(recording.type) ?? 'webm'}`)
  await connection.ask({ method: 'PUT', path: `/interview/answers/${question}`, body, onProgress })
}

const protocol = { 'tus-resumable': '1.0.0' }

// The tus protocol 1.0.0, core and creation: https://tus.io/protocols/resumable-upload
async function sendInParts(
  connection: Connection,
  keeper: Keeper,
  question: string,
  recording: Blob,
  onProgress: (share: number) => void,
): Promise<void> {
  const { uploads } = keeper.kept
  let offset = uploads[question] ? await known(connection, uploads[question]) : null
  if (offset === null) {
    const metadata = Object.entries({ questionId: question, filetype: recording.type.split(';')[0] ?? '' })
    const made = await connection.ask({
      method: 'POST',
      path: '/interview/uploads',
      headers: {
        ...protocol,
        'upload-length': `${recording.size}`,
        'upload-metadata': metadata.map(([name, value]) => `${name} ${btoa(value)}`).join(),
      },
    })
    uploads[question] = new URL(made.getResponseHeader('location') ?? '', made.responseURL).href
    keeper.save()
    offset = 0
  }
  const path = uploads[question] as string
  while (offset < recording.size) {
    const start: number = offset
    try {
      const answer = await connection.ask({
        method: 'PATCH',
        path,
        body: recording.slice(start, start + PART),
        headers: {
          ...protocol,
          'upload-offset': `${start}`,
          'content-type': 'application/offset+octet-stream',
        },
        onProgress: (share) => onProgress(Math.min(1, (start + share * PART) / recording.size)),
      })
      offset = Number(answer.getResponseHeader('upload-offset'))
    } catch (error) {
      // The part had arrived, and only the answer was lost.
      if (!(error instanceof Refused) || error.status !== 409) throw error
      offset = await known(connection, path)
      if (offset === null || offset === start) throw error
    }
  }
  delete uploads[question]
}

/** How much of an upload has arrived; null: the server does not know it any more. */
async function known(connection: Connection, path: string): Promise<number | null> {
  try {
    const answer = await connection.ask({ method: 'HEAD', path, headers: protocol })
    return Number(answer.getResponseHeader('upload-offset'))
  } catch (error) {
    if (error instanceof Refused && error.status !== 401) return null
    throw error
  }
}
