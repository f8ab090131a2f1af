export type Child = Node | string | null | undefined | false

/** What an element gets: properties by their own names, attributes where the name has a hyphen or is `role`. */
type Properties<E> = Partial<Omit<E, 'style' | 'role'>> | { [name: `aria-${string}`]: string; role?: string }

/** Makes an element, `p.lead` one of the class `lead`. Text goes in as text: nothing of the API or the page is ever read as markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [name, className = ''] = tag.split('.')
  const element = document.createElement(name as K)
  element.className = className
  for (const [property, value] of Object.entries(properties)) set(element, property, value)
  element.append(...children.filter((child) => child != null && child !== false))
  return element
}

function set(element: HTMLElement, name: string, value: unknown): void {
  if (/-|role/.test(name)) element.setAttribute(name, String(value))
  else Object.assign(element, { [name]: value })
}

/** A button of one of the three weights. */
export function button(
  text: Child,
  onclick: () => void,
  kind: 'primary' | 'plain' | 'quiet' = 'plain',
): HTMLButtonElement {
  return h('button', { type: 'button', className: kind, onclick }, text)
}

/** Seconds as people read them: `1:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
