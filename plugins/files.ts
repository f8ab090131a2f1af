import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { whyOf } from '../operations/core/why.ts'
import { FileLinks } from '../operations/files/links.ts'
import { fileShower, type ShowFile } from '../operations/files/present.ts'
import { sweepIncoming } from '../operations/files/remove.ts'
import { type FileStore, openFileStore } from '../operations/files/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Rows and bytes of files. */
    files: FileStore
    /** Short-lived links to the content of files. */
    fileLinks: FileLinks
    showFile: ShowFile
  }
}

/** Opens the storage for uploads. */
export default fp(
  async (app: FastifyInstance) => {
    const store = await openFileStore(app.config, app.database, app.log)
    app.decorate('files', store)
    const links = new FileLinks(app.encryptionKey, app.config.environment.name)
    app.decorate('fileLinks', links)
    app.decorate('showFile', fileShower(links, app.publicUrl))
    app.addHook('onListen', async () => {
      await sweepIncoming(store).catch((err) =>
        app.log.error({ why: whyOf(err) }, 'what has arrived is left to the sweep'),
      )
    })
    app.addHook('onClose', async () => store.storage.close())
  },
  { name: 'files', dependencies: ['database', 'encryption-key'] },
)
