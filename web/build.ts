// Builds the browser's programs, each web/<name>/vite.config.ts into web/dist/<name>, where its output is missing or of
// other sources: node web/build.ts [<name>…]. `npm start`, `npm run dev` and `npm test` run it; with nothing to do it ends at once.
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const web = import.meta.dirname
const worthCompressing = /\.(html|js|css|svg|json|map)$/

const asked = process.argv.slice(2)

for (const config of globSync('*/vite.config.ts', { cwd: web })) {
  const name = path.dirname(config)
  if (asked.length > 0 && !asked.includes(name)) continue
  const wanted = fingerprint(name)
  if (builtFrom(name) !== wanted) await build(name, wanted)
}

/** What the output is made of: contents count, not times, which a checkout changes. */
function fingerprint(name: string): string {
  const hash = createHash('sha256')
  for (const file of [...sourcesOf(name), '../package-lock.json']) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(web, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

/** The program's own files, and what they import from the server's schemas. */
function sourcesOf(name: string): string[] {
  const sources = new Set(globSync(['build.ts', `${name}/**/*.*`], { cwd: web }).sort())
  // A set also runs over what is added meanwhile.
  for (const file of sources) {
    for (const [, target = ''] of readFileSync(path.join(web, file), 'utf8').matchAll(/ from '(\.[^']+)'/g)) {
      const shared = path.join(path.dirname(file), target)
      if (shared.startsWith('../schemas/')) sources.add(shared)
    }
  }
  return [...sources]
}

function builtFrom(name: string): string | null {
  const stamp = path.join(web, 'dist', name, '.built')
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : null
}

// Beside the place where it is served from, and moved there whole: a server that starts meanwhile sees one or the other.
async function build(name: string, fingerprint: string): Promise<void> {
  const started = performance.now()
  const made = path.join(web, 'dist', `.${name}-${process.pid}`)
  const place = path.join(web, 'dist', name)
  // Loaded here, as most starts have nothing to build.
  const { build: bundle } = await import('vite')
  await bundle({
    configFile: path.join(web, name, 'vite.config.ts'),
    root: path.join(web, name),
    logLevel: 'error',
    build: { outDir: made, emptyOutDir: true },
  })
  for (const file of globSync('**/*.*', { cwd: made })) {
    if (worthCompressing.test(file)) compress(path.join(made, file))
  }
  writeFileSync(path.join(made, '.built'), fingerprint)
  mkdirSync(path.dirname(place), { recursive: true })
  try {
    rmSync(place, { recursive: true, force: true })
    renameSync(made, place)
  } catch (error) {
    // Two starts at once: the other one has put the same there in between.
    rmSync(made, { recursive: true, force: true })
    if (builtFrom(name) !== fingerprint) throw error
  }
  process.stdout.write(`Built web/dist/${name} in ${Math.round(performance.now() - started)} ms\n`)
}

function compress(file: string): void {
  const content = readFileSync(file)
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }))
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }))
}
