import { startEmbedded } from '../../db/embedded/launcher.ts'

/** What the process tells on its standard output, one JSON text a line. */
export type HolderEvent =
  | { event: 'ready'; url: string; adopted: boolean }
  | { event: 'failed'; name: string; message: string }
  | { event: 'lost'; message: string }

function tell(event: HolderEvent): void {
  console.log(JSON.stringify(event))
}

function fail(error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  tell({ event: 'failed', name, message })
}

/** Holds the database in the folder named by the first argument until SIGTERM, as a server would. */
try {
  const database = await startEmbedded({
    dataDir: process.argv[2] ?? '',
    onLost: (error) => tell({ event: 'lost', message: error.message }),
  })
  process.once('SIGTERM', () => void database.stop().catch(fail))
  tell({ event: 'ready', url: database.url, adopted: database.adopted })
} catch (error) {
  fail(error)
}
