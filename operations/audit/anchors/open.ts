import type { Config } from '../../../config/config.ts'
import { encryptionKeyOf } from '../../../config/encryption-key.ts'
import type { Database } from '../../../db/connect.ts'
import { openStorage } from '../../files/storage.ts'
import { AuditKey } from '../key.ts'
import type { Anchoring } from './make.ts'
import { AnchorStore } from './store.ts'

/** Does work on the anchors of the configured environment. */
export async function withAnchors<T>(
  config: Config,
  database: Database,
  work: (anchoring: Anchoring) => Promise<T>,
): Promise<T> {
  const storage = await openStorage(config.storage)
  try {
    const key = new AuditKey(encryptionKeyOf(config))
    return await work({ database, key, store: new AnchorStore(storage, config.environment) })
  } finally {
    storage.close()
  }
}
