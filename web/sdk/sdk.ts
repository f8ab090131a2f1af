import { takeSeat } from './seat.ts'
import frame from './style/frame.css?inline'
import parts from './style/parts.css?inline'
import type { InterviewSdk, MountOptions } from './types.ts'

const mounted = new WeakMap<Element, () => void>()

function find(target: string | Element): Element {
  const element = typeof target === 'string' ? document.querySelector(target) : target
  if (!element) throw new TypeError(`InterviewSDK: no element ${target}`)
  return element
}

export const mount: InterviewSdk['mount'] = (target, options: MountOptions) => {
  const element = find(target)
  if (!options?.invite) throw new TypeError('InterviewSDK: no invite')
  unmount(element)
  // Everything is drawn inside an element of its own, so that the page's element stays as it was.
  const host = document.createElement('div')
  host.dataset.theme = options.theme ?? 'auto'
  for (const [name, value] of Object.entries(options.variables ?? {}))
    host.style.setProperty(`--anteroom-${name}`, value)
  const root = host.attachShadow({ mode: 'open' })
  // A constructed sheet is nothing inline: it needs no leave from the page's Content-Security-Policy.
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(frame + parts)
  root.adoptedStyleSheets = [sheet]
  element.append(host)
  const stop = takeSeat(root, options, options.baseUrl?.replace(/\/+$/, '') ?? home())
  mounted.set(element, () => {
    stop()
    host.remove()
  })
  return { unmount: () => unmount(element) }
}

export const unmount: InterviewSdk['unmount'] = (target) => {
  const element = find(target)
  mounted.get(element)?.()
  mounted.delete(element)
}

export const version: InterviewSdk['version'] = __ANTEROOM_VERSION__

// The server that this script was loaded from, which may lie under a path. Where the script is part of another one, it
// cannot tell: `baseUrl` has to.
function home(): string {
  return (__ANTEROOM_SCRIPT__ ?? location.origin).replace(/(?<!\/)\/sdk[./].*/, '')
}
