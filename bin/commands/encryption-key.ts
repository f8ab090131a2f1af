import type { Command } from 'commander'
import { encryptionKeyOf } from '../../config/encryption-key.ts'
import type { EncryptionKey } from '../../credentials/encryption-key.ts'
import { withAnchors } from '../../operations/audit/anchors/open.ts'
import { leftToReseal, resealAll, type SealedCounts } from '../../operations/encryption-key/rotate.ts'
import { operate, report, withJson } from '../operator.ts'

interface Options {
  json?: boolean
}

/** A pass may leave what a running server has changed meanwhile; the next one finds it. */
const PASSES = 10

/** `anteroom encryption-key status` and `rotate` */
export function encryptionKeyCommands(program: Command): void {
  const command = program.command('encryption-key').description('the key that seals secrets at rest')

  withJson(
    command.command('status').description('count what the current and the previous key open; change nothing'),
  ).action((options: Options) =>
    operate(async ({ config, database }) => {
      const key = encryptionKeyOf(config)
      const { schema } = config.environment
      const counts = await withAnchors(config, database, (anchoring) =>
        resealAll(anchoring, key, schema, false),
      )
      report(options, { counts, left: leftToReseal(counts) }, linesOf(counts))
    }),
  )

  withJson(
    command
      .command('rotate')
      .description('seal with ENCRYPTION_KEY what ENCRYPTION_KEY_PREVIOUS sealed, while servers run'),
  ).action((options: Options) =>
    operate(async ({ config, logins, database }) => {
      const key: EncryptionKey = encryptionKeyOf(config)
      if (!key.previous)
        throw new Error('Set ENCRYPTION_KEY to the new key and ENCRYPTION_KEY_PREVIOUS to the old one')
      const { schema } = config.environment
      const pass = (write: boolean) =>
        withAnchors(config, database, (anchoring) => resealAll(anchoring, key, schema, write))
      const counts = await pass(true)
      for (let passes = 1; passes < PASSES && leftToReseal(await pass(true)) > 0; passes += 1);
      const left = leftToReseal(await pass(false))
      if (left > 0)
        throw new Error(
          `${left} values are sealed with the old key still: is a server running that has it alone?`,
        )
      // The last step: from here on a start with the old key alone is refused.
      const { acceptEncryptionKey } = await import('../../lifecycle/encryption-key.ts')
      await acceptEncryptionKey(config, logins)
      report(options, { counts, resealed: leftToReseal(counts) }, [
        `${leftToReseal(counts)} values are sealed with the new key now. Remove ENCRYPTION_KEY_PREVIOUS in 24 hours, and restart.`,
        ...unreadable(counts),
      ])
    }),
  )
}

function linesOf(counts: SealedCounts): string[] {
  return [
    ...Object.entries(counts).map(
      ([kind, { current, previous }]) =>
        `${kind}: ${current} with the current key, ${previous} with the previous one`,
    ),
    ...unreadable(counts),
  ]
}

function unreadable(counts: SealedCounts): string[] {
  return Object.entries(counts)
    .filter(([, count]) => count.unreadable > 0)
    .map(([kind, count]) => `${kind}: ${count.unreadable} that no key opens`)
}
