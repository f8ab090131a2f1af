import { useState } from 'preact/hooks'
import { Field, Form, Submit } from '../../components/form.tsx'
import { Icon } from '../../components/icon.tsx'
import { toastFailure } from '../../components/toast.tsx'
import type { OrganizationSettings, Patch } from './organization-settings.ts'

/** The web pages that may hold an interview. */
export function OriginsCard({
  of: { allowedOrigins },
  writes,
  patch,
}: {
  of: OrganizationSettings
  writes: boolean
  patch: Patch
}) {
  const [round, setRound] = useState(0)
  const add = async ({ allowedOrigins: origin = '' }: Record<string, string>) => {
    const plain = readOrigin(origin)
    await patch({ allowedOrigins: [...allowedOrigins, plain] }, `${plain} is allowed`)
    setRound(round + 1)
  }
  return (
    <section class="card stack">
      <h2>Allowed origins</h2>
      <p class="muted">
        Web pages of these origins may show an interview in the browser. Pages of others get no answer from
        the embed routes; servers are not concerned.
      </p>
      {allowedOrigins.length > 0 && (
        <ul class="rows">
          {allowedOrigins.map((origin) => (
            <li key={origin}>
              <code>{origin}</code>
              {writes && (
                <button
                  type="button"
                  class="small quiet danger-quiet"
                  onClick={() =>
                    void patch(
                      { allowedOrigins: allowedOrigins.filter((other) => other !== origin) },
                      `${origin} is allowed no more`,
                    ).catch(toastFailure)
                  }
                >
                  <Icon name="close" />
                  Remove<span class="unseen"> {origin}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {writes && (
        <Form key={round} onSubmit={add} class="line-form">
          <Field
            name="allowedOrigins"
            label="Add an origin"
            placeholder="https://careers.example.com"
            type="url"
            autocomplete="off"
            spellcheck={false}
            help="Scheme, host and port alone."
          />
          <Submit>Add</Submit>
        </Form>
      )}
    </section>
  )
}

// What an address bar gives when one copies it: its origin is meant.
function readOrigin(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null
  return url && url.pathname === '/' && !url.search && !url.hash && !url.username ? url.origin : text.trim()
}
