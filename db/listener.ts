import { setTimeout as delay } from 'node:timers/promises'
import { Connection, type ConnectionSpec } from './connection.ts'
import { watch } from './watch.ts'

/** Who hears a channel. */
interface Subscription {
  readonly channel: string
  heard(payload: string): void
  /** Called when the channel is heard from now on: at the start, and after each lost connection. */
  listening(): void
}

const RETRY_MS = 200
/** So often the connection is asked something: nothing else would tell that it is lost. */
const BEAT_MS = 1000
const SILENT_MS = 1500
/** How long a try to open it may take: a longer one would go on for a while after the database is back. */
const OPEN_MS = 1000

/** Hears notifications on a connection of its own, which is opened anew when it is lost. */
export class Listener {
  readonly #spec: ConnectionSpec
  readonly #subscriptions = new Set<Subscription>()
  readonly #unwatch: () => void
  #connection: Promise<Connection> | null = null
  #open: Connection | null = null
  /** When it was asked last whether it is there; null while it does not hear every channel. */
  #beatAt: number | null = null
  #recovering = false
  #ended = false

  /** @param spec of a login that goes past a pooler */
  constructor(spec: ConnectionSpec) {
    const onnotify = (channel: string, payload: string) => this.#hear(channel, payload)
    const { connection } = spec.options
    const options = {
      ...spec.options,
      connection: { ...connection, application_name: `${connection?.application_name} listener` },
      fetch_types: false,
      onnotify,
    }
    this.#spec = { ...spec, options }
    this.#unwatch = watch(this)
  }

  /** Whether every channel that somebody listens to is heard. */
  get isListening(): boolean {
    return this.#subscriptions.size === 0 || this.#beatAt !== null
  }

  /** @returns ends the listening */
  async listen(
    channel: string,
    heard: (payload: string) => void,
    listening: () => void = () => {},
  ): Promise<{ unlisten: () => Promise<void> }> {
    const subscription = { channel, heard, listening }
    this.#subscriptions.add(subscription)
    try {
      const connection = await this.#connect()
      await subscribe(connection, channel)
      this.#beatAt ??= performance.now()
      listening()
    } catch (error) {
      this.#subscriptions.delete(subscription)
      throw error
    }
    return { unlisten: () => this.#unlisten(subscription) }
  }

  /** Asks the connection whether it is there; `watch` calls it. */
  look(now: number, stalled: boolean): void {
    const connection = this.#open
    if (!connection || this.#beatAt === null) return
    if (stalled) connection.forgive(now)
    if (connection.silence(now) > SILENT_MS) connection.end()
    else if (connection.pending === 0 && now - this.#beatAt > BEAT_MS) {
      this.#beatAt = now
      connection.client`select 1`.execute().catch(() => {})
    }
  }

  /** Ends the connection. */
  async end(): Promise<void> {
    this.#ended = true
    this.#unwatch()
    this.#subscriptions.clear()
    const connection = await this.#connection?.catch(() => null)
    connection?.end()
  }

  #hear(channel: string, payload: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === channel) subscription.heard(payload)
    }
  }

  #connect(): Promise<Connection> {
    this.#connection ??= Connection.open(this.#spec, this, this.#recovering ? OPEN_MS : undefined).then(
      (connection) => {
        this.#open = connection
        return connection
      },
      (error: unknown) => {
        this.#connection = null
        throw error
      },
    )
    return this.#connection
  }

  /** The connection has ended. */
  onClosed(connection: Connection): void {
    if (this.#open !== connection) return
    this.#open = null
    this.#connection = null
    this.#beatAt = null
    if (!this.#recovering) void this.#listenAgain()
  }

  async #listenAgain(): Promise<void> {
    this.#recovering = true
    while (!this.#ended && this.#subscriptions.size > 0) {
      await delay(RETRY_MS * (0.5 + Math.random()), null, { ref: false })
      try {
        const connection = await this.#connect()
        const again = [...this.#subscriptions]
        for (const { channel } of again) await subscribe(connection, channel)
        this.#beatAt = performance.now()
        for (const { listening } of again) listening()
        break
      } catch {
        // The next try may do better.
      }
    }
    this.#recovering = false
  }

  async #unlisten(subscription: Subscription): Promise<void> {
    this.#subscriptions.delete(subscription)
    const { channel } = subscription
    if ([...this.#subscriptions].some((other) => other.channel === channel)) return
    const connection = this.#open
    if (this.#subscriptions.size === 0) connection?.end()
    else await connection?.client.unsafe(`unlisten ${quoted(channel)}`)
  }
}

async function subscribe({ client }: Connection, channel: string): Promise<void> {
  await client.unsafe(`listen ${quoted(channel)}`)
}

function quoted(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`
}
