/** What this browser keeps of an interview until the server has it, so that a reload loses nothing. */
export interface Kept {
  /** Proves that this browser began the interview. */
  browser?: string | undefined
  /** The interview's session token: what the invite was exchanged for. */
  token?: string
  /** The `Idempotency-Key` of that exchange. */
  exchange?: string
  consented?: boolean
  /** The interview is over, and whom it was for. */
  completed?: string
  /** The question that was shown last. */
  at: number
  /** By question: text or choice that the server does not have yet; '' for a recording. */
  drafts: Record<string, string>
  /** Questions whose drafts are to be sent. */
  waiting: string[]
  /** The question whose answer is on its way, or ''. */
  sending: string
  /** By question: when its time is over, in milliseconds of the epoch. */
  ends: Record<string, number>
  /** By question: where a resumable upload goes on. */
  uploads: Record<string, string>
}

export interface Keeper {
  readonly kept: Kept
  /** Writes what has changed in `kept`. */
  save(): void
  /** Forgets everything but that the interview is over, and whom it was for. */
  finish(organization: string): void
  /** Throws its recordings away. */
  forget(): void
  recording(question: string): Promise<Blob | undefined>
  keepRecording(question: string, recording: Blob | null): Promise<void>
}

/** What things of an invite are kept under: its public id. The secret is written nowhere. */
export const nameOf = (invite: string): string => `anteroom:${invite.slice(0, 16)}`

/** @param remember `session` forgets with the tab */
export function keeper(invite: string, remember?: 'session' | 'local'): Keeper {
  const name = nameOf(invite)
  const fresh = (): Kept => ({ at: 0, drafts: {}, waiting: [], sending: '', ends: {}, uploads: {} })
  let kept = fresh()
  // A page may be forbidden to keep anything: then a reload loses what was not sent, and all else works.
  const attempt = <T>(action: (storage: Storage) => T): T | undefined => {
    try {
      return action(remember === 'session' ? sessionStorage : localStorage)
    } catch {
      return undefined
    }
  }
  attempt((storage) => {
    kept = { ...kept, ...JSON.parse(storage.getItem(name) ?? '{}') }
  })
  const save = () => void attempt((storage) => storage.setItem(name, JSON.stringify(kept)))
  const forget = () =>
    void recordings('readwrite', (store) => store.delete(IDBKeyRange.bound(name, `${name}~`)))
  return {
    get kept() {
      return kept
    },
    save,
    finish(organization) {
      kept = { ...fresh(), completed: organization }
      save()
      forget()
    },
    forget,
    recording: (question) => recordings('readonly', (store) => store.get(name + question)),
    async keepRecording(question, blob) {
      await recordings('readwrite', (store) =>
        blob ? store.put(blob, name + question) : store.delete(name + question),
      )
    },
  }
}

// Recordings are too large for the other storage.
function recordings<T>(
  mode: IDBTransactionMode,
  action: (store: IDBObjectStore) => IDBRequest,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const nothing = () => resolve(undefined)
    try {
      const opening = indexedDB.open('anteroom', 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore('recordings')
      opening.onerror = nothing
      opening.onsuccess = () => {
        const database = opening.result
        const transaction = database.transaction('recordings', mode)
        const request = action(transaction.objectStore('recordings'))
        transaction.oncomplete = () => {
          resolve(request.result)
          database.close()
        }
        transaction.onabort = nothing
      }
    } catch {
      nothing()
    }
  })
}
