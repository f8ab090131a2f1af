import { AuditKey } from '../operations/audit/key.ts'
import { EndpointCare } from '../operations/webhooks/care.ts'
import { Deliverer } from '../operations/webhooks/deliverer.ts'
import { Recorder } from '../operations/webhooks/recorder.ts'
import { Sender } from '../operations/webhooks/send.ts'
import { targetRules } from '../operations/webhooks/targets.ts'
import type { WorkContext } from './work.ts'

/**
 * Delivers events to webhooks beside the job queue, until it is stopped.
 * @param databaseUrl for the connection that holds the endpoints' locks
 */
export async function startDeliveries(context: WorkContext, databaseUrl: string): Promise<Deliverer> {
  const { config, database, encryptionKey, mailer, publicUrl, log } = context
  const care = new EndpointCare(mailer, publicUrl, new AuditKey(encryptionKey))
  const onError = (error: unknown) => log.error({ err: error }, 'webhook deliveries')
  const deliverer = new Deliverer({
    databaseUrl,
    environment: config.environment,
    database,
    encryptionKey,
    sender: new Sender(targetRules(config.environment.name, config.webhookAllowedTargets)),
    recorder: new Recorder(database, care, onError),
    onError,
  })
  await deliverer.start()
  return deliverer
}
