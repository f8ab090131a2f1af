import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where uploads are kept: a folder, or a bucket of an S3-compatible store. */
export type StorageLocation = FolderLocation | BucketLocation

/** A folder of this machine, or one that several share. */
export interface FolderLocation {
  readonly kind: 'folder'
  /** Absolute path. */
  readonly folder: string
}

/** A bucket of an S3-compatible store. */
export interface BucketLocation {
  readonly kind: 'bucket'
  readonly bucket: string
  /** What every key begins with; empty, or ending in `/`. */
  readonly prefix: string
  readonly region: string
  /** Null: Amazon's own of the region. */
  readonly endpoint: string | null
  /** Whether the bucket stands in the path instead of the host name, as most stores of one's own want it. */
  readonly pathStyle: boolean
  /** Null: the AWS SDK's own chain, which begins with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const REGION = /^[a-z0-9-]{1,40}$/
const FORM = 's3://[keyId:secret@]bucket[/prefix][?region=…&endpoint=https://…&pathStyle=true]'

/**
 * Reads `STORAGE_URL`: `file:` and a path, or the form that `FORM` shows (docs/files.md).
 * @param problems gets one line for what is wrong
 */
export function storageLocation(
  value: string | undefined,
  dataDir: string,
  problems: string[],
): StorageLocation {
  const fallback: FolderLocation = { kind: 'folder', folder: resolve(dataDir, 'files') }
  if (value === undefined) return fallback
  try {
    if (value.startsWith('file:')) return { kind: 'folder', folder: folderOf(value) }
    if (value.startsWith('s3://')) return bucketOf(new URL(value))
    throw new Error('must begin with file: or s3://')
  } catch (error) {
    // What was given may hold a secret: the message never shows it.
    const why = (error as NodeJS.ErrnoException).code === 'ERR_INVALID_URL' ? `must look like ${FORM}` : null
    problems.push(`STORAGE_URL ${why ?? (error as Error).message}`)
    return fallback
  }
}

function folderOf(value: string): string {
  if (value.startsWith('file://')) return fileURLToPath(value)
  const path = value.slice('file:'.length)
  if (path === '') throw new Error('must name a folder after file:')
  return isAbsolute(path) ? path : resolve(path)
}

function bucketOf(url: URL): BucketLocation {
  if (!BUCKET.test(url.hostname)) throw new Error(`must name a bucket: ${FORM}`)
  const unknown = [...url.searchParams.keys()].filter(
    (name) => !['region', 'endpoint', 'pathStyle'].includes(name),
  )
  if (unknown.length > 0) throw new Error(`has a parameter that is not known: ${unknown.join(', ')}`)
  const endpoint = url.searchParams.get('endpoint')
  if (endpoint !== null && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw new Error('must have an endpoint that begins with https:// or http://')
  }
  const region = url.searchParams.get('region') ?? 'us-east-1'
  if (!REGION.test(region)) throw new Error('must have a region such as eu-central-1')
  const pathStyle = url.searchParams.get('pathStyle') ?? String(endpoint !== null)
  if (!['true', 'false'].includes(pathStyle)) throw new Error('must have pathStyle true or false')
  if ((url.username === '') !== (url.password === '')) {
    throw new Error('must have both, a key id and its secret, or neither')
  }
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, '')
  return {
    kind: 'bucket',
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region,
    endpoint,
    pathStyle: pathStyle === 'true',
    credentials:
      url.username === ''
        ? null
        : {
            accessKeyId: decodeURIComponent(url.username),
            secretAccessKey: decodeURIComponent(url.password),
          },
  }
}
