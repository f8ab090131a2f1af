import type { DrillName } from '../../schemas/drills.ts'
import type { Drill } from './drill.ts'
import { keyExpiry, keyLeak, rateLimit, rotation } from './keys.ts'
import { lostRefresh } from './sessions.ts'
import { webhookDelay, webhookDuplicate, webhookReorder, webhookSignature } from './webhooks.ts'

/** Every drill, by its name. */
export const drills: Record<DrillName, Drill> = {
  'key-expiry': keyExpiry,
  'key-leak': keyLeak,
  rotation,
  'rate-limit': rateLimit,
  'lost-refresh': lostRefresh,
  'webhook-duplicate': webhookDuplicate,
  'webhook-reorder': webhookReorder,
  'webhook-delay': webhookDelay,
  'webhook-signature': webhookSignature,
}
