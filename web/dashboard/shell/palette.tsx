import { useEffect, useId, useState } from 'preact/hooks'
import { fold } from '../../../schemas/fold.ts'
import { api, ask, type Key } from '../app/api.ts'
import { keyName } from '../app/keys.ts'
import { isOffered } from '../app/navigation.ts'
import { pages } from '../app/pages.ts'
import { go } from '../app/router.ts'
import { logOut, may } from '../app/session.ts'
import { theme } from '../app/theme.ts'
import { Dialog } from '../components/dialog.tsx'
import { Icon, type IconName } from '../components/icon.tsx'
import { toastFailure } from '../components/toast.tsx'
import { paletteOpen, shortcutsOpen } from './open.ts'

interface Command {
  readonly id: string
  readonly title: string
  readonly hint: string
  readonly icon: IconName
  readonly run: () => void
}

const MOST = 12

/** Everything that can be gone to or done, found by typing: Ctrl-K. */
export function Palette() {
  if (!paletteOpen.value) return null
  return <OpenPalette />
}

function close(): void {
  paletteOpen.value = false
}

function OpenPalette() {
  const id = useId()
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const [keys, setKeys] = useState<readonly Key[]>([])
  useEffect(() => {
    if (!may('keys:read')) return
    ask(api.GET('/api/keys', { params: { query: { limit: 100 } } })).then(
      (page) => setKeys(page.keys),
      () => {},
    )
  }, [])
  const found = search([...commands(), ...keys.map(keyCommand)], text)
  const current = Math.min(chosen, found.length - 1)
  const run = (command: Command | undefined) => {
    if (!command) return
    close()
    command.run()
  }
  const steer = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      setChosen((current + step + found.length) % Math.max(found.length, 1))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(found[current])
    }
  }
  return (
    <Dialog title="Find or do" onClose={close}>
      <div class="palette">
        <input
          type="text"
          role="combobox"
          aria-label="Page, key or command"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={found[current] ? `${id}-${current}` : undefined}
          placeholder="Page, key or command"
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value)
            setChosen(0)
          }}
          onKeyDown={steer}
        />
        <div role="listbox" id={id} aria-label="Found">
          {found.map((command, index) => (
            <div
              key={command.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === current}
              onClick={() => run(command)}
              onKeyDown={(event) => event.key === 'Enter' && run(command)}
            >
              <Icon name={command.icon} />
              <span>{command.title}</span>
              <small>{command.hint}</small>
            </div>
          ))}
        </div>
        {found.length === 0 && <p class="muted">Nothing is called so.</p>}
      </div>
    </Dialog>
  )
}

function commands(): Command[] {
  const visits = pages.filter(isOffered).map(({ path, entry }) => ({
    id: path,
    title: entry.title,
    hint: entry.group,
    icon: entry.icon,
    run: () => go(path),
  }))
  const making = may('keys:write')
    ? [
        {
          id: 'new-key',
          title: 'Create API Key',
          hint: 'Settings',
          icon: 'plus',
          run: () => go('/settings/keys/new'),
        } as const,
        {
          id: 'welcome',
          title: 'First request',
          hint: 'Guide',
          icon: 'terminal',
          run: () => go('/welcome'),
        } as const,
      ]
    : []
  return [
    ...visits,
    ...making,
    {
      id: 'theme',
      title: 'Light or dark',
      hint: 'Appearance',
      icon: 'sun',
      run: () => {
        const dark =
          getComputedStyle(document.documentElement).getPropertyValue('color-scheme').trim() === 'dark'
        theme.value = dark ? 'light' : 'dark'
      },
    },
    {
      id: 'shortcuts',
      title: 'Keyboard shortcuts',
      hint: '?',
      icon: 'book',
      run: () => {
        shortcutsOpen.value = true
      },
    },
    {
      id: 'out',
      title: 'Log out',
      hint: 'Account',
      icon: 'out',
      run: () => void logOut().catch(toastFailure),
    },
  ]
}

function keyCommand(key: Key): Command {
  const { id, prefix, status } = key
  return {
    id,
    title: keyName(key),
    hint: status === 'active' ? prefix : `${prefix} · ${status}`,
    icon: 'key',
    run: () => go(`/settings/keys/${id}`),
  }
}

// What begins so comes before what holds it somewhere; every typed word has to be there.
function search(all: readonly Command[], text: string): Command[] {
  const words = fold(text).split(/\s+/).filter(Boolean)
  return all
    .map((command) => ({ command, where: fold(`${command.title} ${command.hint}`) }))
    .filter(({ where }) => words.every((word) => where.includes(word)))
    .sort((a, b) => rank(a.where, words) - rank(b.where, words))
    .slice(0, MOST)
    .map(({ command }) => command)
}

function rank(where: string, words: readonly string[]): number {
  return words[0] === undefined || where.startsWith(words[0]) ? 0 : 1
}
