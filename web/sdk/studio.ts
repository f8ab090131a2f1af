import { button, h } from './dom.ts'
import type { Room } from './room.ts'

/** Preview, level and choice of devices: what the equipment check and a spoken question share. */
export interface Studio {
  readonly element: HTMLElement
  readonly choices: HTMLElement
  /** Asks the browser, and shows what it gives. */
  open(): Promise<void>
  close(): void
}

const BARS = 32

/** @param onChange hears whether there is something to record with, each time that this changes */
export function studio(room: Room, video: boolean, onChange: (ready: boolean) => void): Studio {
  const { texts, media } = room
  const preview = h('video', { muted: true, autoplay: true, playsInline: true, 'aria-label': texts.camera })
  const meter = h('div.meter', { role: 'img', 'aria-label': texts.microphone })
  const choices = h('div.devices', {})
  const problem = h('p.problem', { role: 'alert' })
  const ask = button(texts.allow, () => void open(), 'primary')
  const live = h('div.live', { hidden: true }, video && preview, meter, choices)
  const element = h('div.studio', {}, live, problem, ask)

  async function open(): Promise<void> {
    ask.hidden = true
    problem.textContent = ''
    try {
      const stream = await media.open(video)
      if (media.stream !== stream) return
      preview.srcObject = stream
      live.hidden = false
      for (const track of stream.getTracks()) track.onended = () => fail(texts.missing)
      draw(meter, media.level)
      choices.replaceChildren(...(await pickers()))
      onChange(true)
    } catch (error) {
      fail((error as Error).name === 'NotAllowedError' ? texts.denied : texts.missing)
    }
  }

  function fail(message: string): void {
    media.close()
    live.hidden = true
    problem.textContent = message
    ask.textContent = texts.retry
    ask.hidden = false
    onChange(false)
    room.report({ code: 'MEDIA_UNAVAILABLE', message })
  }

  async function pickers(): Promise<HTMLElement[]> {
    const kinds = [['audioinput', texts.microphone] as const, ['videoinput', texts.camera] as const]
    const made = kinds.slice(0, video ? 2 : 1).map(async ([kind, name]) => {
      const devices = await media.devices(kind)
      const used = media.stream?.getTracks().map((track) => track.getSettings().deviceId)
      const options = devices.map((device) =>
        h(
          'option',
          { value: device.deviceId, selected: !!used?.includes(device.deviceId) },
          device.label || name,
        ),
      )
      const select = h('select', {}, ...options)
      select.onchange = () => {
        media.choose(kind, select.value)
        void open()
      }
      return h('label', { hidden: devices.length < 2 }, name, select)
    })
    return Promise.all(made)
  }

  return { element, choices, open, close: media.close }
}

/** Bars that move from one side to the other as it gets louder and softer; ends with its element. */
function draw(meter: HTMLElement, level: () => number): void {
  const bars = Array.from({ length: BARS }, () => h('i'))
  meter.replaceChildren(...bars)
  const heights = bars.map(() => 0)
  const step = () => {
    if (!bars[0]?.isConnected) return
    heights.push(level())
    heights.shift()
    for (const [index, bar] of bars.entries()) bar.style.height = `${8 + 92 * (heights[index] ?? 0)}%`
    setTimeout(() => requestAnimationFrame(step), 60)
  }
  requestAnimationFrame(step)
}
