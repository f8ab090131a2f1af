import type { Readable } from 'node:stream'
import type { ZipFile } from 'yauzl'
import type { Bytes } from './bytes.ts'

const LOCAL_HEADER = 'PK\x03\x04'
const MOST_ENTRIES = 10_000
const LARGEST_LIST = 1024 * 1024

const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'
const MACROS = 'application/vnd.ms-office.vbaproject'
// Of the transitional and of the strict form (ECMA-376, parts 1 and 4).
const MAIN = [
  'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument',
  'http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument',
]

/** An element of the two lists of a package. */
interface Item {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * Whether a file is a Word document without macros, by the rules of its package (ECMA-376, part 2): the package's
 * relationships name the main part, whatever it is called, and `[Content_Types].xml` tells what it is.
 */
export async function isWordPackage(bytes: Bytes): Promise<boolean> {
  if ((await bytes.read(0, LOCAL_HEADER.length)).toString('latin1') !== LOCAL_HEADER) return false
  const { openPromise } = await import('yauzl')
  let zip: ZipFile | undefined
  try {
    zip = await openPromise(bytes.path, { lazyEntries: true, autoClose: false })
    return isWord(await readPackage(zip))
  } catch {
    // The library throws for whatever is no whole ZIP, and the reader of XML for what is none.
    return false
  } finally {
    zip?.close()
  }
}

interface Package {
  /** All parts by name, in small letters and with a slash before, as names are compared. */
  readonly parts: ReadonlySet<string>
  readonly contentTypes: readonly Item[]
  readonly relationships: readonly Item[]
}

async function readPackage(zip: ZipFile): Promise<Package> {
  const parts = new Set<string>()
  const lists = new Map<string, Item[]>()
  for await (const entry of zip.eachEntry()) {
    const name = `/${entry.fileName.toLowerCase()}`
    parts.add(name)
    if (parts.size > MOST_ENTRIES) throw new Error('too many entries')
    if (name !== '/[content_types].xml' && name !== '/_rels/.rels') continue
    lists.set(name, await readItems(await zip.openReadStreamPromise(entry)))
  }
  const contentTypes = lists.get('/[content_types].xml') ?? []
  return { parts, contentTypes, relationships: lists.get('/_rels/.rels') ?? [] }
}

function isWord({ parts, contentTypes, relationships }: Package): boolean {
  const overrides = new Map<string, string>()
  const defaults = new Map<string, string>()
  for (const { name, attributes } of contentTypes) {
    const type = (attributes.ContentType ?? '').toLowerCase()
    if (name === 'Override') overrides.set(partName(attributes.PartName ?? ''), type)
    if (name === 'Default') defaults.set((attributes.Extension ?? '').toLowerCase(), type)
  }
  const typeOf = (part: string) => overrides.get(part) ?? defaults.get(part.split('.').at(-1) ?? '')
  const main = relationships.find(
    ({ attributes }) => MAIN.includes(attributes.Type ?? '') && attributes.TargetMode !== 'External',
  )
  const part = main && partName(main.attributes.Target ?? '')
  if (!part || !parts.has(part) || typeOf(part) !== WORD) return false
  return ![...parts].some((name) => typeOf(name) === MACROS)
}

/** The name of a part that a reference of the package leads to. */
function partName(reference: string): string {
  return decodeURIComponent(new URL(reference, 'package:///').pathname).toLowerCase()
}

// Both lists are flat: their items, by their names without prefixes.
async function readItems(stream: Readable): Promise<Item[]> {
  const text = decode(await readAll(stream))
  const { SaxesParser } = await import('saxes')
  const parser = new SaxesParser({ xmlns: true })
  const items: Item[] = []
  parser.on('opentag', ({ local, attributes }) => {
    const own = Object.values(attributes).filter(({ prefix }) => prefix === '')
    items.push({ name: local, attributes: Object.fromEntries(own.map((one) => [one.local, one.value])) })
  })
  parser.write(text).close()
  return items
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    // A small entry may unpack to gigabytes.
    if (length > LARGEST_LIST) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

// Part 2, 10.1.2.3: UTF-8 or UTF-16.
function decode(content: Buffer): string {
  const mark = content.subarray(0, 2).toString('hex')
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding, { fatal: true }).decode(content)
}
