import { readFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { BufferSource, EncodedPacketSink, Input, MP4, WEBM } from 'mediabunny'
import t from 'tap'
import { isWholeWebm } from '../../operations/files/media/whole-webm.ts'
import { sweepIncoming } from '../../operations/files/remove.ts'
import { sampleClip, sampleTone } from '../../operations/files/sample-media.ts'
import { type Body, testApp } from '../support/app.ts'
import { matroska } from '../support/files.ts'
import { beginInterview } from '../support/recordings.ts'

// Chromium 156 recorded these with MediaRecorder: 2.5 seconds of its fake microphone and camera.
const recorded = (name: string) => readFileSync(new URL(`recorded/${name}`, import.meta.url))

const read = (content: Buffer) =>
  new Input({ source: new BufferSource(Uint8Array.from(content)), formats: [WEBM, MP4] })

/** Every packet of every track: what is heard and seen. */
async function packetsOf(content: Buffer): Promise<string[]> {
  const packets: string[] = []
  for (const track of await read(content).getTracks()) {
    for await (const { data } of new EncodedPacketSink(track).packets()) {
      packets.push(`${track.type} ${Buffer.from(data).toString('base64')}`)
    }
  }
  return packets
}

t.test('how long recordings are', async (t) => {
  const server = await testApp(t)
  const base = await server.listen()
  const tenant = await server.tenant()
  const begun = await beginInterview(server, tenant.auth)
  const send = async (questionId: string, content: Buffer) => {
    const form = new FormData()
    form.append('file', new Blob([Uint8Array.from(content)]), 'answer')
    const response = await fetch(`${base}/api/embed/interview/answers/${questionId}`, {
      method: 'PUT',
      headers: begun.session,
      body: form,
    })
    const body = (await response.json()) as Body
    if (response.status !== 200) throw new Error(JSON.stringify(body))
    return body.answers.find((answer: Body) => answer.questionId === questionId)
  }
  const stored = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer())

  for (const [question, name] of [
    ['audio', 'chromium-audio.webm'],
    ['video', 'chromium-video.webm'],
    ['audio', 'chromium-audio.mp4'],
  ] as const) {
    t.test(`${name}: the file states no duration, and what is stored does`, async (t) => {
      const content = recorded(name)
      t.not(Math.round((await read(content).getDurationFromMetadata()) ?? 0), 2)
      const answer = await send(question, content)
      t.equal(answer.durationSeconds, 2)
      const better = await stored(answer.file.url)
      t.equal(better.length, answer.file.sizeBytes)
      const stated = await read(better).getDurationFromMetadata()
      t.ok(Math.abs((stated ?? 0) - 2.4) < 0.2, `${stated} s`)
      t.same(await packetsOf(better), await packetsOf(content), 'with the same sound and pictures')
    })
  }

  t.test('what states it right is stored as it came', async (t) => {
    for (const [question, content, seconds] of [
      ['audio', sampleTone(3), 3],
      ['video', sampleClip(), 1],
    ] as const) {
      const answer = await send(question, content)
      t.equal(answer.durationSeconds, seconds, question)
      t.ok((await stored(answer.file.url)).equals(content))
    }
  })

  t.test('what cannot be read is stored as it came, without a duration', async (t) => {
    const audio = recorded('chromium-audio.webm')
    for (const [what, content] of [
      ['no sound in it', matroska({}, 'audio')],
      // The parser searched on for ever at these eight bytes.
      ['something else at its end', Buffer.concat([matroska({}, 'audio'), Buffer.alloc(8, 7)])],
      ['cut in two', audio.subarray(0, 200)],
    ] as const) {
      const answer = await send('audio', content)
      t.equal(answer.file.sizeBytes, content.length, what)
      t.ok((await stored(answer.file.url)).equals(content), what)
    }
    const half = await send('audio', audio.subarray(0, audio.length / 2))
    t.equal(half.durationSeconds, 1, 'half of it can be heard')
  })

  t.test('a resumable upload ends with the bytes that were sent', async (t) => {
    const content = recorded('chromium-video.webm')
    const headers = { ...begun.session, 'tus-resumable': '1.0.0' }
    const made = await fetch(`${base}/api/embed/interview/uploads`, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/offset+octet-stream',
        'upload-length': String(content.length),
        'upload-metadata': `questionId ${Buffer.from('video').toString('base64')}`,
      },
      body: Uint8Array.from(content),
    })
    t.same([made.status, made.headers.get('upload-offset')], [201, String(content.length)])
    const known = await fetch(new URL(made.headers.get('location') ?? '', base), { method: 'HEAD', headers })
    t.same(
      ['upload-offset', 'upload-length'].map((name) => known.headers.get(name)),
      [String(content.length), String(content.length)],
    )
    const { body } = await server.call('GET', `/api/interviews/${begun.interviewId}`, {
      headers: tenant.auth,
    })
    const answer = body.answers.find(({ questionId }: Body) => questionId === 'video')
    t.equal(answer.durationSeconds, 2)
    t.not(answer.file.sizeBytes, content.length)
  })

  t.test('nothing is left beside what has arrived', async (t) => {
    const { incoming } = server.app.files
    t.same(await readdir(incoming.folder), [])
    await writeFile(incoming.copyPath('file_00000000000000000000000000'), 'left by a crash')
    t.equal(await sweepIncoming(server.app.files), 1)
    t.same(await readdir(incoming.folder), [])
  })
})

t.test('which WebM files are whole', async (t) => {
  const isWhole = (content: Buffer) =>
    isWholeWebm({
      path: '',
      size: content.length,
      read: async (from, length) => content.subarray(from, from + length),
    })
  const audio = recorded('chromium-audio.webm')
  t.equal(await isWhole(audio), true)
  t.equal(await isWhole(sampleClip()), true)
  t.equal(await isWhole(audio.subarray(0, 2000)), true, 'its end is missing')
  t.equal(await isWhole(Buffer.concat([sampleClip(), Buffer.alloc(100, 7)])), true, 'something after its end')
  t.equal(await isWhole(Buffer.alloc(0)), false)
  t.equal(await isWhole(Buffer.alloc(100, 7)), false)
  const info = audio.indexOf(Buffer.from('1549a966', 'hex'))
  const inserted = Buffer.concat([audio.subarray(0, info), Buffer.alloc(20, 7), audio.subarray(info)])
  t.equal(await isWhole(inserted), false, 'something between its parts')
})
