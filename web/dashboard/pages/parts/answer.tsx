import type { AnswerTo } from '../../app/api.ts'
import { duration } from '../../app/format.ts'
import { size } from '../../app/size.ts'
import { Badge } from '../../components/badge.tsx'
import { Time } from '../../components/time.tsx'

type Answer = AnswerTo<'/api/interviews/{id}'>['answers'][number]

/** Seconds as people say them; nothing where nobody measured. */
export function spoken(seconds: number | null): string {
  return seconds === null ? '' : duration(seconds * 1000)
}

/** An answer as it was given: text, choice, or a player. */
export function AnswerCard({ of, number, onStale }: { of: Answer; number: number; onStale: () => unknown }) {
  return (
    <section class="card answer">
      <header>
        <h2>
          {number}. {of.prompt}
        </h2>
        <span class="badges">
          <Badge kind="plain">{of.kind}</Badge>
          {of.overTimeLimit && <Badge kind="warn">over the time limit</Badge>}
        </span>
      </header>
      {of.text !== undefined && <p class="answer-text">{of.text}</p>}
      {of.choice !== undefined && (
        <p>
          <strong>{of.choice}</strong>
        </p>
      )}
      {'file' in of && <Recording of={of} onStale={onStale} />}
      <p class="muted">
        Answered <Time at={of.answeredAt} />
        {of.durationSeconds !== null && `, in ${spoken(of.durationSeconds)}`}
      </p>
    </section>
  )
}

// A link is good for some minutes only: a player that finds it stale asks for another.
function Recording({ of, onStale }: { of: Answer; onStale: () => unknown }) {
  const { file, kind, prompt } = of
  const Player = kind === 'video' ? 'video' : 'audio'
  if (!file) {
    return <p class="muted">The recording is not kept any more: its retention is over, or it was erased.</p>
  }
  const { pathname, search } = new URL(file.url)
  const src = pathname + search
  const label = `The answer to: ${prompt}`
  const stale = () => {
    if (Date.parse(file.urlExpiresAt) < Date.now()) void onStale()
  }
  return (
    <>
      <Player src={src} controls preload="metadata" aria-label={label} onError={stale} />
      <p class="actions">
        <a class="button small" href={src} download>
          Download
        </a>
        <small class="muted">
          {file.contentType}, {size(file.sizeBytes)}
        </small>
      </p>
    </>
  )
}
