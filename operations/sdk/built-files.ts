import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const dist = path.join(import.meta.dirname, '..', '..', 'web', 'dist')
const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** A built file as it is sent. */
export interface Asset {
  readonly type: string
  /** `sha384-…`, as the `integrity` attribute wants it (W3C Subresource Integrity). */
  readonly integrity: string
  /** The smallest form that a browser takes, by its `Accept-Encoding`. */
  form(accepted?: string): Form
}

interface Form {
  readonly body: Buffer
  readonly encoding: 'br' | 'gzip' | null
  /** Of this form alone: a strong ETag names bytes (RFC 9110, 8.8.3.3). */
  readonly etag: string
}

/** What web/build.ts made of one of the browser's programs: read, hashed and compressed once, when first asked for. */
export class BuiltFiles {
  readonly #root: string
  readonly #files = new Map<string, Promise<Asset>>()

  /** @param name of the folder below `web/dist` */
  constructor(name: string) {
    this.#root = path.join(dist, name)
  }

  /** @returns null: there is no such file, or none that is for browsers */
  async get(name: string): Promise<Asset | null> {
    const type = types[path.extname(name)]
    if (!type || path.basename(name) !== name) return null
    const file = this.#files.get(name) ?? prepare(path.join(this.#root, name), type)
    this.#files.set(name, file)
    return file.catch((error: NodeJS.ErrnoException) => {
      // It may be built yet.
      this.#files.delete(name)
      if (error.code === 'ENOENT') return null
      throw error
    })
  }
}

async function prepare(file: string, type: string): Promise<Asset> {
  const body = await readFile(file)
  const digest = createHash('sha384').update(body).digest()
  const [zipped, smaller] = await Promise.all([
    promisify(gzip)(body, { level: constants.Z_BEST_COMPRESSION }),
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  ])
  const tag = digest.toString('hex', 0, 12)
  const plain: Form = { body, encoding: null, etag: `"${tag}"` }
  const forms: Form[] = [
    { body: smaller, encoding: 'br', etag: `"${tag}-br"` },
    { body: zipped, encoding: 'gzip', etag: `"${tag}-gzip"` },
  ]
  return {
    type,
    integrity: `sha384-${digest.toString('base64')}`,
    form: (accepted = '') => forms.find(({ encoding }) => takes(accepted, String(encoding))) ?? plain,
  }
}

// `gzip;q=0` refuses it; what else there is of weights does not matter between two forms that both are good.
function takes(accepted: string, encoding: string): boolean {
  return accepted
    .toLowerCase()
    .split(',')
    .some((part) => part.split(';')[0]?.trim() === encoding && !/;\s*q=0(\.0*)?\s*$/.test(part))
}
