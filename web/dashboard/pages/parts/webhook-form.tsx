import { useState } from 'preact/hooks'
import type { AnswerTo } from '../../app/api.ts'
import { type EventType, eventTypes } from '../../app/event-types.ts'
import { Field, type Values } from '../../components/form.tsx'

type Webhook = AnswerTo<'/api/webhooks/{id}'>
type EventFilter = '*' | EventType

/** The fields of an endpoint. */
export function WebhookFields({ of }: { of?: Webhook }) {
  const wants = (type: string) =>
    !of ||
    of.events.includes('*') ||
    of.events.includes(type) ||
    of.events.includes(type.replace(/\..*/, '.*'))
  const [all, setAll] = useState(of ? of.events.includes('*') : true)
  return (
    <>
      <Field
        name="url"
        label="URL"
        type="url"
        placeholder="https://example.com/hooks/anteroom"
        defaultValue={of?.url ?? ''}
        autocomplete="off"
        help="It has to answer with 2xx within a few seconds. Public addresses alone are called."
      />
      <Field
        name="description"
        label="Description"
        optional
        maxLength={500}
        defaultValue={of?.description ?? ''}
        autocomplete="off"
      />
      <fieldset class="field">
        <legend>Events</legend>
        <label class="check">
          <input
            type="checkbox"
            name="all"
            value="1"
            checked={all}
            onChange={(event) => setAll(event.currentTarget.checked)}
          />
          All, what is added later too
        </label>
        {!all && (
          <div class="event-types">
            {eventTypes.map((type) => (
              <label key={type} class="check">
                <input
                  type="checkbox"
                  name={`event:${type}`}
                  value="1"
                  defaultChecked={of ? wants(type) : false}
                />
                <code>{type}</code>
              </label>
            ))}
          </div>
        )}
      </fieldset>
    </>
  )
}

/** What the API takes, of what was chosen. */
export function readWebhook(values: Values): {
  url: string
  description: string | null
  events: EventFilter[]
} {
  const { url = '', description, all } = values
  const events = eventTypes.filter((type) => values[`event:${type}`] === '1')
  return { url, description: description ?? null, events: all === '1' ? ['*'] : events }
}
