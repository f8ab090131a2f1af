import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { WhoAmI } from '../app/api.ts'
import { isOffered } from '../app/navigation.ts'
import type { Page } from '../app/page.ts'
import { pages } from '../app/pages.ts'
import { SERVER } from '../app/place.ts'
import { at, path } from '../app/router.ts'
import { EnvironmentMark } from '../components/environment.tsx'
import { Icon } from '../components/icon.tsx'
import { paletteOpen } from './open.ts'
import { UserMenu } from './user-menu.tsx'

const menuOpen = signal(false)
const groups = ['Work', 'Watch', 'Settings', 'Account'] as const

/** What stands around every page: the environment, the navigation, who is logged in, and the way out. */
export function Frame({ who, children }: { who: WhoAmI; children: ComponentChildren }) {
  const here = path.value
  useEffect(() => {
    menuOpen.value = false
  }, [here])
  const open = menuOpen.value
  useEffect(() => (open ? closeOnLeaving() : undefined), [open])
  return (
    <div class={menuOpen.value ? 'frame menu-open' : 'frame'}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <button
          type="button"
          class="quiet icon-only menu-button"
          aria-label="Menu"
          aria-expanded={menuOpen.value}
          aria-controls="navigation"
          onClick={() => {
            menuOpen.value = !menuOpen.value
          }}
        >
          <Icon name={menuOpen.value ? 'close' : 'menu'} />
        </button>
        <EnvironmentMark />
        <span class="organization" title={who.organization.name}>
          {who.organization.name}
        </span>
        <button
          type="button"
          class="find"
          aria-keyshortcuts="Control+K Meta+K"
          onClick={() => {
            paletteOpen.value = true
          }}
        >
          <Icon name="search" />
          <span>Find or do…</span>
          <kbd>Ctrl K</kbd>
        </button>
        <UserMenu who={who} />
      </header>
      <nav id="navigation" aria-label="Dashboard">
        {groups.map((group) => (
          <Group key={group} group={group} entries={entriesOf(group)} here={here} />
        ))}
        <ul class="outside">
          <li>
            <a href={`${SERVER}/docs`} target="_blank" rel="noopener">
              <Icon name="book" />
              API reference
            </a>
          </li>
        </ul>
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}

type Entry = Page & { entry: NonNullable<Page['entry']> }

function entriesOf(group: (typeof groups)[number]): Entry[] {
  return pages.filter(isOffered).filter(({ entry }) => entry.group === group)
}

function Group({ group, entries, here }: { group: string; entries: Entry[]; here: string }) {
  if (entries.length === 0) return null
  return (
    <section>
      <h2>{group}</h2>
      <ul>
        {entries.map((page) => (
          <li key={page.path}>
            <a href={at(page.path)} aria-current={isUnder(here, page.path) ? 'page' : undefined}>
              <Icon name={page.entry.icon} />
              {page.entry.title}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

function isUnder(here: string, path: string): boolean {
  return here === path || here.startsWith(`${path}/`)
}

// On a phone the menu lies over the page: Escape and a touch beside it close it.
function closeOnLeaving(): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') menuOpen.value = false
  }
  const onTouch = (event: Event) => {
    if (!(event.target as Element).closest('#navigation, .menu-button')) menuOpen.value = false
  }
  addEventListener('keydown', onKey)
  addEventListener('pointerdown', onTouch)
  return () => {
    removeEventListener('keydown', onKey)
    removeEventListener('pointerdown', onTouch)
  }
}
