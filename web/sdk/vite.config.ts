import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import packageJson from '../../package.json' with { type: 'json' }

const here = import.meta.dirname

// Close relatives beside each other compress better.
const codes = ['en', 'de', 'fr', 'es', 'pt', 'it', 'pl', 'ar']
const there = readdirSync(path.join(here, 'languages')).map((file) => path.basename(file, '.ts'))
if (there.sort().join() !== codes.toSorted().join()) throw new Error(`languages: ${there}`)
const messages = await Promise.all(codes.map(readLanguage))
const names = Object.keys(messages[0] ?? {})
/** Each language as one text, with bars between. */
const packed = messages.map((language) => names.map((name) => language[name]).join('|'))

// Both forms are made from one source. Each has its own way to find out where it was loaded from. The classic script has
// English and loads the other languages; the module has all of them, because a bundler takes it away from its server.
export default defineConfig({
  plugins: [packedLanguages(), publishedTypes()],
  define: { __ANTEROOM_VERSION__: JSON.stringify(packageJson.version) },
  build: {
    target: 'es2022',
    minify: 'oxc',
    // light-dark() stays as it is
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
    rolldownOptions: {
      input: path.join(here, 'sdk.ts'),
      preserveEntrySignatures: 'exports-only',
      output: [
        {
          format: 'iife',
          generatedCode: { symbols: false },
          name: 'InterviewSDK',
          entryFileNames: 'sdk.js',
          intro: 'const __ANTEROOM_SCRIPT__=document.currentScript?.src,__ANTEROOM_TEXTS__={};',
        },
        {
          format: 'es',
          entryFileNames: 'sdk.mjs',
          intro: `const __ANTEROOM_SCRIPT__=import.meta.url,__ANTEROOM_TEXTS__=${JSON.stringify(allTexts())};`,
        },
      ],
    },
  },
})

function allTexts(): Record<string, string> {
  return Object.fromEntries(codes.slice(1).map((code, index) => [code, packed[index + 1] as string]))
}

// `texts.send` becomes `texts[31]`: no name of a text is left in the script. Every language but English becomes a file
// of its own.
function packedLanguages(): Plugin {
  const id = '\0virtual:languages'
  return {
    name: 'packed-languages',
    enforce: 'pre',
    resolveId: (source) => (source === 'virtual:languages' ? id : null),
    load: (loaded) =>
      loaded === id
        ? `export const codes=${JSON.stringify(codes)};export const english=${JSON.stringify(packed[0])}`
        : null,
    transform(code, file) {
      if (!file.startsWith(here)) return null
      return code.replace(/(?<!\/)\btexts\.(\w+)/g, (_, name) => {
        if (!names.includes(name)) throw new Error(`${file}: there is no text ${name}`)
        return `texts[${names.indexOf(name)}]`
      })
    },
    generateBundle() {
      for (const [code, source] of Object.entries(allTexts()))
        this.emitFile({ type: 'asset', fileName: `${code}.txt`, source })
    },
  }
}

async function readLanguage(code: string): Promise<Record<string, string>> {
  return (await import(pathToFileURL(path.join(here, 'languages', `${code}.ts`)).href))[code]
}

// For TypeScript, beside the files that it describes: the public types as they stand in types.ts.
function publishedTypes(): Plugin {
  return {
    name: 'published-types',
    generateBundle() {
      const types = readFileSync(path.join(here, 'types.ts'), 'utf8')
      const values = `
export declare const mount: InterviewSdk['mount']
export declare const unmount: InterviewSdk['unmount']
export declare const version: string

declare global {
  interface Window {
    InterviewSDK: InterviewSdk
  }
}
`
      this.emitFile({ type: 'asset', fileName: 'sdk.d.ts', source: types + values })
      const manifest = {
        name: 'anteroom-sdk',
        version: packageJson.version,
        license: packageJson.license,
        type: 'module',
        exports: { '.': { types: './sdk.d.ts', default: './sdk.mjs' } },
        types: './sdk.d.ts',
      }
      this.emitFile({
        type: 'asset',
        fileName: 'package.json',
        source: `${JSON.stringify(manifest, null, 2)}\n`,
      })
    },
  }
}
