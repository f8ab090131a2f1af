import fc from 'fast-check'
import t from 'tap'
import { type Loaded, VerifiedCache } from '../../credentials/verified-cache.ts'

interface Value {
  readonly version: number
}

const kept = (version: number, ...tags: string[]): Loaded<Value> => ({ value: { version }, tags, keep: true })
const refused = (version: number): Loaded<Value> => ({ value: { version }, tags: [], keep: false })

/** A look-up that ends when it is told to. */
function deferred<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  return { promise, resolve, reject }
}

t.test('one look-up serves a crowd, and none who come later', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  const flight = deferred<Loaded<Value>>()
  let looks = 0
  const look = () => {
    looks += 1
    return flight.promise
  }
  const crowd = Array.from({ length: 100 }, () => cache.load('print', look))
  flight.resolve(kept(1, 'key:a'))
  t.same(await Promise.all(crowd), Array(100).fill({ version: 1 }))
  await cache.load('print', look)
  t.equal(looks, 1)
  t.same(cache.get('print'), { version: 1 })
  t.equal(cache.get('other'), undefined)
})

t.test('a refusal is told to the crowd and not remembered; nor is a failure', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  t.same(await cache.load('print', async () => refused(1)), { version: 1 })
  t.equal(cache.get('print'), undefined)
  await t.rejects(
    cache.load('print', async () => {
      throw new Error('database gone')
    }),
    { message: 'database gone' },
  )
  await t.rejects(
    cache.load('print', () => {
      throw new Error('at once')
    }),
    { message: 'at once' },
  )
  t.same(await cache.load('print', async () => kept(2, 'key:a')), { version: 2 }, 'asked again')
  t.equal(cache.size, 1)
})

t.test('a look-up that began before a change is made again', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  const flights = [deferred<Loaded<Value>>(), deferred<Loaded<Value>>()]
  let looks = 0
  const asked = cache.load('print', () => {
    looks += 1
    return (flights[looks - 1] as (typeof flights)[0]).promise
  })
  await null
  cache.invalidate('organization:o')
  flights[0]?.resolve(kept(1, 'key:a', 'organization:o'))
  flights[1]?.resolve(kept(2, 'key:a', 'organization:o'))
  t.same(await asked, { version: 2 })
  t.equal(looks, 2)
})

t.test('a change in the very moment in which a look-up ends reaches those who ask after it', async (t) => {
  for (let turns = 0; turns < 12; turns += 1) {
    const cache = new VerifiedCache<Value>(10)
    const flight = deferred<void>()
    let truth = 1
    const look = async () => {
      const read = truth
      await flight.promise
      return kept(read, 'key:a')
    }
    const early = cache.load('print', look)
    flight.resolve()
    for (let turn = 0; turn < turns; turn += 1) await null
    truth = 2
    cache.invalidate('key:a')
    t.same(await cache.load('print', look), { version: 2 }, `${turns} turns of the microtask queue after it`)
    await early
  }
})

t.test('a refusal that began before a change is read again as well', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  const flights = [deferred<Loaded<Value>>(), deferred<Loaded<Value>>()]
  let looks = 0
  const look = () => {
    looks += 1
    return (flights[looks - 1] as (typeof flights)[0]).promise
  }
  const early = cache.load('print', look)
  await null
  cache.invalidate('key:a')
  const late = cache.load('print', look)
  flights[0]?.resolve({ ...refused(1), tags: ['key:a'] })
  flights[1]?.resolve(kept(2, 'key:a'))
  t.same(await late, { version: 2 })
  await early
})

t.test('a change of something else makes nothing be read again', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  const flight = deferred<Loaded<Value>>()
  let looks = 0
  const asked = cache.load('print', () => {
    looks += 1
    return flight.promise
  })
  cache.invalidate('key:b')
  flight.resolve(kept(1, 'key:a'))
  await asked
  cache.invalidate('key:b')
  t.same(cache.get('print'), { version: 1 })
  t.equal(looks, 1)
})

t.test('a tag ends everything that carries it, and nothing else', async (t) => {
  const cache = new VerifiedCache<Value>(10)
  for (const [print, key] of Object.entries({ one: 'key:a', two: 'key:b' })) {
    await cache.load(print, async () => kept(1, key, 'organization:o'))
  }
  await cache.load('three', async () => kept(1, 'key:c', 'organization:p'))
  cache.invalidate('key:a')
  t.equal(cache.get('one'), undefined)
  t.ok(cache.get('two'))
  cache.invalidate('organization:o')
  t.equal(cache.get('two'), undefined)
  t.ok(cache.get('three'))
  cache.clear()
  t.equal(cache.size, 0)
})

t.test('what was used least lately goes first, and can be invalidated no more', async (t) => {
  const cache = new VerifiedCache<Value>(2)
  for (const print of ['one', 'two']) await cache.load(print, async () => kept(1, `key:${print}`))
  cache.get('one')
  await cache.load('three', async () => kept(1, 'key:three'))
  t.ok(cache.get('one'))
  t.equal(cache.get('two'), undefined)
  cache.invalidate('key:two')
  t.equal(cache.size, 2)
})

// The model: three credentials made of three things. `truth` is what the database holds of each thing, `announced` what
// everyone was told of. Nobody who asks after an announcement may hear of what was before it.
const tagsOf: Record<string, readonly string[]> = {
  one: ['key:a', 'organization:o'],
  two: ['key:b', 'organization:o'],
  three: ['key:c'],
}
const prints = Object.keys(tagsOf)
const tags = [...new Set(Object.values(tagsOf).flat())]

type Versions = Record<string, number>

class World {
  readonly cache = new VerifiedCache<{ versions: Versions }>(2)
  readonly truth: Versions = Object.fromEntries(tags.map((tag) => [tag, 0]))
  announced: Versions = { ...this.truth }
  readonly looks: { print: string; land: () => void }[] = []
  readonly faults: string[] = []
  readonly answers: Promise<unknown>[] = []

  ask(print: string): void {
    const known = { ...this.announced }
    const answer = this.cache.load(print, () => this.#look(print))
    this.answers.push(
      answer.then(({ versions }) => this.#compare(`load ${print}`, print, versions, known), ignoreFailure),
    )
  }

  peek(print: string): void {
    const found = this.cache.get(print)
    if (found) this.#compare(`get ${print}`, print, found.versions, this.announced)
  }

  change(tag: string): void {
    this.truth[tag] = (this.truth[tag] ?? 0) + 1
  }

  announce(tag: string): void {
    this.announced[tag] = this.truth[tag] ?? 0
    this.cache.invalidate(tag)
  }

  reconnect(): void {
    this.announced = { ...this.truth }
    this.cache.clear()
  }

  land(index: number): void {
    this.looks.splice(index % Math.max(1, this.looks.length), 1)[0]?.land()
  }

  // It reads at once and answers when it is let: the longest way that a stale row can be on.
  #look(print: string): Promise<Loaded<{ versions: Versions }>> {
    if (this.looks.some((look) => look.print === print)) this.faults.push(`two look-ups for ${print}`)
    const versions = { ...this.truth }
    const own = tagsOf[print] ?? []
    const sum = own.reduce((total, tag) => total + (versions[tag] ?? 0), 0)
    const { promise, resolve, reject } = deferred<Loaded<{ versions: Versions }>>()
    const land = () => {
      if (sum % 7 === 6) reject(new Error('database gone'))
      // Every third state is one that is refused.
      else resolve({ value: { versions }, tags: own, keep: sum % 3 !== 2 })
    }
    this.looks.push({ print, land })
    return promise
  }

  #compare(what: string, print: string, versions: Versions, known: Versions): void {
    for (const tag of tagsOf[print] ?? []) {
      if ((versions[tag] ?? 0) < (known[tag] ?? 0)) this.faults.push(`${what}: ${tag} of before the change`)
    }
  }
}

function ignoreFailure(): void {}

/** One step, and for how many turns of the microtask queue the next one waits. */
const anyStep = fc.record({
  what: fc.constantFrom(
    'ask',
    'ask',
    'land',
    'land',
    'change',
    'announce',
    'both',
    'both',
    'peek',
    'reconnect',
  ),
  which: fc.nat(20),
  turns: fc.nat(8),
})

t.test('nobody hears of what was before a change that was announced when they asked', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 60 }), async (steps) => {
      const world = new World()
      for (const { what, which, turns } of steps) {
        const print = prints[which % prints.length] as string
        const tag = tags[which % tags.length] as string
        if (what === 'ask') world.ask(print)
        if (what === 'land') world.land(which)
        if (what === 'change' || what === 'both') world.change(tag)
        if (what === 'announce' || what === 'both') world.announce(tag)
        if (what === 'reconnect') world.reconnect()
        world.peek(print)
        for (let turn = 0; turn < turns; turn += 1) await null
      }
      let answered = false
      const all = Promise.all(world.answers).then(() => {
        answered = true
      })
      for (let left = 0; !answered && left < 1000; left += 1) {
        world.land(0)
        for (let turn = 0; turn < 10; turn += 1) await null
      }
      if (!answered) throw new Error('someone waits for ever')
      await all
      for (const print of prints) world.peek(print)
      if (world.faults.length > 0) throw new Error(world.faults.join('; '))
    }),
    { numRuns: 3000 },
  )
  t.pass('in 3000 histories')
})
