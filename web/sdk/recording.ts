import { button, clock, h } from './dom.ts'
import type { Question } from './interview.ts'
import type { Room, Screen } from './room.ts'
import {
  after,
  bitrate,
  LARGEST_RECORDING,
  LONGEST_RECORDING,
  type RecorderEvent,
  type RecorderState,
} from './states.ts'
import { studio } from './studio.ts'
import { fill } from './texts.ts'

const types = {
  audio: ['audio/webm;codecs=opus', 'audio/mp4'],
  video: ['video/webm;codecs=vp8,opus', 'video/mp4'],
}

/** A question that is answered by speaking: record, play back, record again, send. */
export function recorderOf(room: Room, question: Question, onward: () => void): Omit<Screen, 'title' | 'at'> {
  const { texts, answers, media } = room
  const video = question.kind === 'video'
  const limit = question.timeLimitSeconds ?? LONGEST_RECORDING
  const time = h('span.clock', {})
  const line = h('p.note', {})
  const booth = studio(room, video, (ready) => move(ready ? 'granted' : 'refused'))
  const player = h(video ? 'video' : 'audio', { controls: true, playsInline: true } as object)
  player.setAttribute('aria-label', texts.yourAnswer)
  const record = button(texts.record, () => move('start'), 'primary')
  const stop = button(texts.stop, () => move('stop'), 'primary')
  const again = button(texts.retry, () => move(state === 'closed' ? 'ask' : 'again'))
  const send = button(texts.send, deliver, 'primary')
  // An answer that is on the server is left alone, and the camera off, until the candidate wants another.
  let state: RecorderState = answers.status(question) === 'saved' ? 'closed' : 'asking'
  let recorder: MediaRecorder | undefined
  let unsent = false
  let left = false
  let address = ''
  let ticking: ReturnType<typeof setInterval> | undefined

  /** The one door through which the state changes, and what is shown and done with it. */
  function move(event: RecorderEvent): void {
    const next = after(state, event)
    if (next === state) return
    state = next
    if (state === 'recording') start()
    if (state === 'stopping' && recorder?.state === 'recording') recorder.stop()
    if (event === 'again') void answers.keepRecording(question, null)
    if (state === 'asking') void booth.open()
    if (state === 'recorded') booth.close()
    draw()
    room.refresh()
    if (event === 'start') stop.focus()
    if (event === 'stopped') send.focus()
  }

  function draw(): void {
    const showing = state === 'recorded'
    booth.element.hidden = showing || state === 'closed'
    booth.choices.hidden = state === 'recording'
    player.hidden = send.hidden = !showing
    again.hidden = !showing && state !== 'closed'
    record.hidden = state !== 'ready'
    stop.hidden = state !== 'recording'
    line.hidden = state !== 'ready' && state !== 'recording'
    line.replaceChildren(
      ...(state === 'recording' ? [h('i.dot'), texts.recording, time] : [fill(texts.atMost, clock(limit))]),
    )
  }

  function start(): void {
    const { stream } = media
    if (!stream) return
    const mimeType = types[video ? 'video' : 'audio'].find((type) => MediaRecorder.isTypeSupported(type))
    const bits = bitrate(video, limit)
    const parts: Blob[] = []
    let size = 0
    const made = new MediaRecorder(stream, {
      ...(mimeType ? { mimeType } : {}),
      ...(video ? { videoBitsPerSecond: bits } : { audioBitsPerSecond: bits }),
    })
    recorder = made
    made.ondataavailable = ({ data }) => {
      parts.push(data)
      size += data.size
      if (size > LARGEST_RECORDING) move('stop')
    }
    made.onstop = () => {
      clearInterval(ticking)
      if (left) return
      move('stop')
      void keep(new Blob(parts, { type: made.mimeType }))
    }
    made.start(1000)
    const ends = Date.now() + limit * 1000
    const tick = () => {
      const rest = (ends - Date.now()) / 1000
      time.textContent = fill(texts.timeLeft, clock(rest))
      countdown(room, rest)
      if (rest <= 0) move('stop')
    }
    tick()
    ticking = setInterval(tick, 1000)
    room.say(texts.recording)
  }

  async function keep(blob: Blob): Promise<void> {
    await answers.keepRecording(question, blob)
    unsent = true
    play(blob)
    move('stopped')
  }

  function play(blob: Blob): void {
    URL.revokeObjectURL(address)
    address = URL.createObjectURL(blob)
    player.src = address
    // What MediaRecorder makes does not say how long it is, until somebody has looked for its end.
    player.onloadedmetadata = () => {
      if (player.duration !== Number.POSITIVE_INFINITY) return
      player.currentTime = 1e9
      player.ondurationchange = () => {
        player.currentTime = 0
      }
    }
  }

  function deliver(): void {
    if (unsent || answers.status(question) !== 'saved') answers.submit(question)
    onward()
  }

  void answers.recording(question).then((blob) => {
    if (left) return
    if (blob) {
      play(blob)
      state = 'recorded'
    } else if (state === 'asking' && media.allowed) void booth.open()
    draw()
  })
  draw()
  return {
    busy: () => state === 'recording' || state === 'stopping',
    leave: () => {
      left = true
      if (recorder?.state === 'recording') recorder.stop()
      clearInterval(ticking)
      booth.close()
      URL.revokeObjectURL(address)
    },
    content: [booth.element, player, line, h('div.note', {}, record, stop, again, send)],
  }
}

/** Says what is left when little is, as who cannot see the clock hears nothing of it otherwise. */
export function countdown(room: Room, left: number): void {
  const whole = Math.ceil(left)
  if (whole === 60 || whole === 30 || whole === 10) room.say(fill(room.texts.timeLeft, clock(whole)))
}
