import type { AnswerTo } from '../../app/api.ts'
import { Field, SelectField, TextField } from '../../components/form.tsx'
import { Icon } from '../../components/icon.tsx'

type Question = AnswerTo<'/api/campaigns/{id}'>['questions'][number]
/** A question that is being written; `key` tells it from others while it has no id. */
export interface Draft {
  readonly key: number
  readonly id?: string
  readonly prompt: string
  readonly kind: Question['kind']
  /** One a line. */
  readonly options: string
  /** In seconds; empty for none. */
  readonly timeLimit: string
}

const kinds = [
  ['text', 'Text'],
  ['choice', 'Choice of one'],
  ['audio', 'Spoken (audio)'],
  ['video', 'Video'],
] as const

let lastKey = 0

/** A draft of a question that is there, or of a new one. */
export function draftOf(question?: Question): Draft {
  lastKey += 1
  return {
    key: lastKey,
    ...(question ? { id: question.id } : {}),
    prompt: question?.prompt ?? '',
    kind: question?.kind ?? 'text',
    options: question?.options?.join('\n') ?? '',
    timeLimit: question?.timeLimitSeconds === undefined ? '' : String(question.timeLimitSeconds),
  }
}

/** What the API takes, of what was written. */
export function questionsOf(drafts: readonly Draft[]) {
  return drafts.map(({ id, prompt, kind, options, timeLimit }) => ({
    ...(id === undefined ? {} : { id }),
    prompt: prompt.trim(),
    kind,
    ...(kind === 'choice'
      ? {
          options: options
            .split('\n')
            .map((line) => line.trim())
            .filter(Boolean),
        }
      : {}),
    ...(timeLimit === '' ? {} : { timeLimitSeconds: Number(timeLimit) }),
  }))
}

/** Writes questions, and puts them in order: with the buttons, or Alt and the arrows. */
export function QuestionEditor({
  value,
  onChange,
}: {
  value: readonly Draft[]
  onChange: (drafts: readonly Draft[]) => void
}) {
  const replace = (index: number, change: Partial<Draft>) =>
    onChange(value.map((draft, at) => (at === index ? { ...draft, ...change } : draft)))
  const move = (index: number, step: number) => {
    const to = index + step
    if (to < 0 || to >= value.length) return
    const next = [...value]
    const [moved] = next.splice(index, 1)
    if (moved) next.splice(to, 0, moved)
    onChange(next)
  }
  const steer = (event: KeyboardEvent, index: number) => {
    const step = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined
    if (step === undefined) return
    event.preventDefault()
    move(index, step)
  }
  return (
    <fieldset class="field questions">
      <legend>Questions</legend>
      <ol>
        {value.map((draft, index) => (
          <li key={draft.key} class="question" onKeyDown={(event) => steer(event, index)}>
            <header>
              <strong>Question {index + 1}</strong>
              <span class="actions">
                <Move up disabled={index === 0} of={index} onClick={() => move(index, -1)} />
                <Move disabled={index === value.length - 1} of={index} onClick={() => move(index, 1)} />
                <button
                  type="button"
                  class="small quiet icon-only danger-quiet"
                  aria-label={`Remove question ${index + 1}`}
                  onClick={() => onChange(value.filter((_, at) => at !== index))}
                >
                  <Icon name="close" />
                </button>
              </span>
            </header>
            <QuestionFields of={draft} index={index} onChange={(change) => replace(index, change)} />
          </li>
        ))}
      </ol>
      <p class="actions">
        <button type="button" onClick={() => onChange([...value, draftOf()])}>
          <Icon name="plus" />
          Add a question
        </button>
        {value.length > 1 && <small class="muted">Alt with ↑ or ↓ moves the question that you are in.</small>}
      </p>
    </fieldset>
  )
}

function Move({
  up = false,
  disabled,
  of,
  onClick,
}: {
  up?: boolean
  disabled: boolean
  of: number
  onClick: () => void
}) {
  return (
    <button
      type="button"
      class={up ? 'small quiet icon-only turned' : 'small quiet icon-only'}
      aria-label={`Move question ${of + 1} ${up ? 'up' : 'down'}`}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name="down" />
    </button>
  )
}

function QuestionFields({
  of,
  index,
  onChange,
}: {
  of: Draft
  index: number
  onChange: (change: Partial<Draft>) => void
}) {
  const name = `questions.${index}`
  return (
    <div class="stack tight">
      <TextField
        name={`${name}.prompt`}
        label="Question"
        rows={2}
        maxLength={2000}
        value={of.prompt}
        onInput={(event) => onChange({ prompt: event.currentTarget.value })}
      />
      <div class="pair">
        <SelectField
          name={`${name}.kind`}
          label="Answered by"
          options={kinds}
          value={of.kind}
          onChange={(event) => onChange({ kind: event.currentTarget.value as Draft['kind'] })}
        />
        <Field
          name={`${name}.timeLimitSeconds`}
          label="Time limit in seconds"
          type="number"
          min={5}
          max={3600}
          optional
          value={of.timeLimit}
          onInput={(event) => onChange({ timeLimit: event.currentTarget.value })}
        />
      </div>
      {of.kind === 'choice' && (
        <TextField
          name={`${name}.options`}
          label="Options"
          help="One a line, two at least."
          placeholder={'Yes\nNo'}
          value={of.options}
          onInput={(event) => onChange({ options: event.currentTarget.value })}
        />
      )}
    </div>
  )
}
