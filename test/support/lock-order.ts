import { type Locking, lockOrder, onLocking } from '../../db/locks.ts'

type Held = Omit<Locking, 'tx'>

const heldBy = new WeakMap<object, Held[]>()

/** Makes every test of this process fail that locks rows in another order than `db/locks.ts` says. */
export function checkLockOrder(): void {
  onLocking(({ tx, ...wanted }) => {
    const held = heldBy.get(tx) ?? []
    heldBy.set(tx, held)
    if (held.some(({ what, of }) => what === wanted.what && of === wanted.of)) return
    const before = wanted.own ? undefined : held.find((earlier) => comesAfter(earlier, wanted))
    // Thrown in a listener, it ends the test's process with the stack of the query.
    if (before) throw new Error(`${name(wanted)} is locked after ${name(before)}: see db/locks.ts`)
    held.push(wanted)
  })
}

function comesAfter(held: Held, wanted: Held): boolean {
  if (held.own) return false
  if (held.what === wanted.what) return wanted.what === 'organization' && held.of > wanted.of
  if (lockOrder.indexOf(held.what) < lockOrder.indexOf(wanted.what)) return false
  // Two organizations have no row in common.
  return held.of === wanted.of || !isOrganization(held) || !isOrganization(wanted)
}

// `organization` itself comes before the rows of every organization.
function isOrganization({ what, of }: Held): boolean {
  return what !== 'organization' && of.startsWith('org_')
}

function name({ what, of }: Held): string {
  return of === '' ? what : `${what} (${of})`
}
