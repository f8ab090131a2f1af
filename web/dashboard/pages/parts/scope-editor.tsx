import { may } from '../../app/session.ts'

export const nouns = [
  'campaigns',
  'candidates',
  'interviews',
  'invites',
  'webhooks',
  'keys',
  'logs',
  'members',
  'organization',
] as const

interface Preset {
  readonly name: string
  readonly about: string
  readonly scopes: readonly string[]
}

const work = ['campaigns', 'candidates', 'interviews', 'invites'] as const

const presets: readonly Preset[] = [
  {
    name: 'Run interviews',
    about: 'campaigns, candidates, invites, interviews',
    scopes: work.map((noun) => `${noun}:write`),
  },
  {
    name: 'Read results',
    about: 'campaigns, candidates, interviews',
    scopes: ['campaigns:read', 'candidates:read', 'interviews:read'],
  },
  {
    name: 'Send invites',
    about: 'for an applicant tracking system',
    scopes: ['campaigns:read', 'candidates:write', 'invites:write'],
  },
  { name: 'Read everything', about: 'changes nothing', scopes: nouns.map((noun) => `${noun}:read`) },
  { name: 'Everything', about: 'also keys and members', scopes: ['*'] },
]

/**
 * What a key may do: a preset or by hand, and never more than one may oneself.
 * @param value scopes as the API has them
 */
export function ScopeEditor({
  value,
  onChange,
}: {
  value: readonly string[]
  onChange: (scopes: string[]) => void
}) {
  const all = value.includes('*')
  const set = (noun: string, level: 'none' | 'read' | 'write') => {
    const base = all ? nouns.map((name) => `${name}:write`) : value
    const others = base.filter((scope) => !scope.startsWith(`${noun}:`))
    onChange(level === 'none' ? others : [...others, `${noun}:${level}`])
  }
  return (
    <div class="stack tight">
      <div class="actions presets">
        {presets
          .filter(({ scopes }) => scopes.every(may))
          .map(({ name, about, scopes }) => (
            <button
              key={name}
              type="button"
              class="small"
              aria-pressed={same(scopes, value)}
              title={about}
              onClick={() => onChange([...scopes])}
            >
              {name}
            </button>
          ))}
      </div>
      {all ? (
        <p class="muted">
          Everything, what is added to the API later too. Choose less where you can: a key that leaks can do
          no more than it may.
        </p>
      ) : (
        <div class="scope-grid">
          {nouns.map((noun) => (
            <ScopeRow key={noun} noun={noun} value={value} set={set} />
          ))}
        </div>
      )}
    </div>
  )
}

function ScopeRow({
  noun,
  value,
  set,
}: {
  noun: string
  value: readonly string[]
  set: (noun: string, level: 'none' | 'read' | 'write') => void
}) {
  const level = value.includes(`${noun}:write`) ? 'write' : value.includes(`${noun}:read`) ? 'read' : 'none'
  return (
    <fieldset class="scope">
      <legend>{noun}</legend>
      <div class="segments">
        {(['none', 'read', 'write'] as const).map((option) => (
          <label key={option}>
            <input
              type="radio"
              name={`scope-${noun}`}
              checked={level === option}
              disabled={option !== 'none' && !may(`${noun}:${option}`)}
              onChange={() => set(noun, option)}
            />
            {option}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((scope) => b.includes(scope))
}
