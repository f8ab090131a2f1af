import type { AuditKey } from '../key.ts'
import { type Anchor, type AnchoredHead, readAnchor } from './anchor.ts'
import type { AnchorStore, StoredAnchor } from './store.ts'

/** What all anchors together say. */
export interface AnchorBook {
  /** The number of the newest; 0: there is none. */
  readonly newest: number
  /** When the newest was made. */
  readonly at: Date | null
  /** How many have been made since the last one that names every chain; null: there is none such. */
  readonly sinceWhole: number | null
  /** Where each chain ended when it was last anchored. */
  readonly heads: ReadonlyMap<string, AnchoredHead>
  /** Anchors that are missing or were changed. */
  readonly problems: readonly string[]
  /** Those that no anchor tells of yet. */
  readonly newProblems: readonly string[]
}

/** Reads the newest anchor that names every chain, and all that came after it. */
export async function readBook(store: AnchorStore, key: AuditKey): Promise<AnchorBook> {
  const stored = new Map((await store.list()).map((anchor) => [anchor.number, anchor]))
  const newest = Math.max(0, ...stored.keys())
  const oldest = Math.min(newest, ...stored.keys())
  const problems: string[] = []
  const anchors: Anchor[] = []
  let complete = newest === 0
  for (let number = newest; number >= oldest && !complete; number -= 1) {
    const anchor = await readStored(store, key, stored.get(number))
    if (typeof anchor === 'string') problems.push(`anchor ${number} ${anchor}`)
    else {
      anchors.push(anchor)
      complete = anchor.whole
    }
  }
  if (!complete) problems.push(`the anchors before number ${oldest} are missing`)
  anchors.reverse()
  return {
    newest,
    at: anchors.length > 0 ? new Date(anchors.at(-1)?.at as string) : null,
    sinceWhole: complete && newest > 0 ? newest - (anchors[0] as Anchor).number : null,
    heads: headsOf(anchors),
    problems: [...anchors.flatMap((anchor) => anchor.problems), ...problems.reverse()],
    newProblems: problems,
  }
}

async function readStored(
  store: AnchorStore,
  key: AuditKey,
  stored: StoredAnchor | undefined,
): Promise<Anchor | string> {
  if (!stored) return 'is missing'
  const anchor = readAnchor(await store.read(stored), key)
  if (!anchor || anchor.number !== stored.number || anchor.whole !== stored.whole) {
    return 'was changed, or was written with another ENCRYPTION_KEY'
  }
  return anchor
}

function headsOf(anchors: readonly Anchor[]): Map<string, AnchoredHead> {
  const heads = new Map<string, AnchoredHead>()
  for (const head of anchors.flatMap((anchor) => anchor.heads)) {
    const known = heads.get(head.organizationId)
    if (!known || head.accepted || head.sequence >= known.sequence) heads.set(head.organizationId, head)
  }
  return heads
}
