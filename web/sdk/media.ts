/** Microphone and camera, opened once for as long as what is shown needs them. */
export interface Media {
  readonly stream: MediaStream | null
  /** Whether the person has allowed it on this page before. */
  readonly allowed: boolean
  /** Opens what a question needs, or another device. @throws {DOMException} as getUserMedia does */
  open(video: boolean): Promise<MediaStream>
  close(): void
  /** How loud it is, from 0 to 1. */
  level(): number
  /** The devices to choose from, and which one is in use. */
  devices(kind: 'audioinput' | 'videoinput'): Promise<MediaDeviceInfo[]>
  choose(kind: 'audioinput' | 'videoinput', id: string): void
}

export function makeMedia(): Media {
  // An empty id is no wish.
  const chosen = { audioinput: '', videoinput: '' }
  let stream: MediaStream | null = null
  let audio: AudioContext | null = null
  let analyser: AnalyserNode | null = null
  let allowed = false
  let openings = 0

  const media: Media = {
    get stream() {
      return stream
    },
    get allowed() {
      return allowed
    },
    async open(video) {
      media.close()
      const opening = openings
      const opened = await navigator.mediaDevices.getUserMedia({
        audio: { deviceId: chosen.audioinput },
        video: video && { width: 1280, height: 720, facingMode: 'user', deviceId: chosen.videoinput },
      })
      // What was closed while the browser asked stays closed: no light may shine that nobody looks at.
      if (opening !== openings) for (const track of opened.getTracks()) track.stop()
      else listen(opened)
      return opened
    },
    close() {
      openings += 1
      for (const track of stream?.getTracks() ?? []) track.stop()
      void audio?.close()
      stream = audio = analyser = null
    },
    level() {
      if (!analyser) return 0
      const samples = new Float32Array(analyser.fftSize)
      analyser.getFloatTimeDomainData(samples)
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
      return Math.min(1, Math.sqrt(power) * 4)
    },
    async devices(kind) {
      const all = await navigator.mediaDevices.enumerateDevices()
      return all.filter((device) => device.kind === kind && device.deviceId)
    },
    choose(kind, id) {
      chosen[kind] = id
    },
  }

  function listen(opened: MediaStream): void {
    allowed = true
    stream = opened
    audio = new AudioContext()
    analyser = audio.createAnalyser()
    audio.createMediaStreamSource(opened).connect(analyser)
  }
  return media
}
