import { useEffect, useRef, useState } from 'preact/hooks'
import { api, ask, type WhoAmI } from '../app/api.ts'
import { useLoad } from '../app/load.ts'
import { at, path } from '../app/router.ts'
import { logOut, switchTo } from '../app/session.ts'
import { type Theme, theme, themes } from '../app/theme.ts'
import { Icon } from '../components/icon.tsx'
import { toastFailure } from '../components/toast.tsx'

/** Who is logged in and where, on to their other organizations, how it all looks, and the way out. */
export function UserMenu({ who }: { who: WhoAmI }) {
  const menu = useRef<HTMLDetailsElement>(null)
  const [opened, setOpened] = useState(false)
  const here = path.value
  useEffect(() => {
    if (menu.current) menu.current.open = false
  }, [here])
  const leave = (event: FocusEvent) => {
    if (menu.current && !menu.current.contains(event.relatedTarget as Node | null)) menu.current.open = false
  }
  const close = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !menu.current?.open) return
    menu.current.open = false
    menu.current.querySelector('summary')?.focus()
  }
  return (
    <div class="who">
      <details
        ref={menu}
        class="menu"
        onFocusOut={leave}
        onKeyDown={close}
        onToggle={() => setOpened(menu.current?.open ?? false)}
      >
        <summary>
          <span class="avatar" aria-hidden="true">
            {(who.user?.name ?? '?').slice(0, 1).toUpperCase()}
          </span>
          <span class="name">{who.user?.name}</span>
          <Icon name="down" />
        </summary>
        <div class="menu-body">
          <p>
            {who.user?.email}
            <br />
            <span class="muted">
              {who.user?.role} of {who.organization.name}
            </span>
          </p>
          {opened && <OtherOrganizations current={who.organization.id} />}
          <ThemeChoice />
          <a href={at('/account/security')}>Security</a>
        </div>
      </details>
      <button type="button" class="quiet log-out" onClick={() => void logOut().catch(toastFailure)}>
        <Icon name="out" />
        <span>Log out</span>
      </button>
    </div>
  )
}

// Asked for when the menu is opened: most people have none, and nobody waits for it.
function OtherOrganizations({ current }: { current: string }) {
  const { data } = useLoad(() => ask(api.GET('/api/me/organizations')), [])
  const others = data?.organizations.filter(({ id }) => id !== current) ?? []
  if (others.length === 0) return null
  return (
    <section class="other-organizations">
      <h2>Your other organizations</h2>
      <ul>
        {others.map(({ id, name, role }) => (
          <li key={id}>
            <button type="button" onClick={() => void switchTo(id).catch(toastFailure)}>
              <Icon name="organization" />
              <span class="name">{name}</span>
              <span class="muted">{role}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function ThemeChoice() {
  return (
    <fieldset class="segments">
      <legend>Appearance</legend>
      {themes.map((name: Theme) => (
        <label key={name}>
          <input
            type="radio"
            name="theme"
            checked={theme.value === name}
            onChange={() => {
              theme.value = name
            }}
          />
          {name.charAt(0).toUpperCase() + name.slice(1)}
        </label>
      ))}
    </fieldset>
  )
}
