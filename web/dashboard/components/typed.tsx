import { useState } from 'preact/hooks'
import { Field } from './form.tsx'

/** Something that has to be typed before a button works, where a slip would cost much. */
export interface Typed {
  /** Whether it has been typed, or nothing has to be. */
  readonly ready: boolean
  readonly field: preact.JSX.Element | null
}

/** @param wanted undefined where nothing has to be typed */
export function useTyped(wanted: string | undefined): Typed {
  const [text, setText] = useState('')
  if (wanted === undefined) return { ready: true, field: null }
  const field = (
    <Field
      name="confirmation"
      label={`Type ${wanted} to confirm`}
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  )
  return { ready: asShown(text) === asShown(wanted), field }
}

// A page shows several spaces as one, and nobody sees how a letter with an accent is composed.
function asShown(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/g, ' ')
}
