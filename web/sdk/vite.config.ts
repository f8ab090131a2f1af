import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import packageJson from '../../package.json' with { type: 'json' }

const here = import.meta.dirname

// Both forms come of one source. Where a script was loaded from, each has to ask in its own way.
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
          intro: 'const __ANTEROOM_SCRIPT__=document.currentScript?.src;',
        },
        {
          format: 'es',
          entryFileNames: 'sdk.mjs',
          intro: 'const __ANTEROOM_SCRIPT__=import.meta.url;',
        },
      ],
    },
  },
})

// The texts are half of the file. `texts.send` becomes `texts[31]`, and a language one text with bars between: no name of a
// text is left, which is a kilobyte of fifteen.
function packedLanguages(): Plugin {
  const id = '\0virtual:languages'
  // Close relatives beside each other compress better.
  const codes = ['en', 'de', 'fr', 'es', 'pt', 'it', 'pl', 'ar']
  let messages: Record<string, string>[] = []
  let names: string[] = []
  return {
    name: 'packed-languages',
    enforce: 'pre',
    async buildStart() {
      const there = readdirSync(path.join(here, 'languages')).map((file) => path.basename(file, '.ts'))
      if (there.sort().join() !== codes.toSorted().join()) throw new Error(`languages: ${there}`)
      messages = await Promise.all(codes.map(readLanguage))
      names = Object.keys(messages[0] ?? {})
    },
    resolveId: (source) => (source === 'virtual:languages' ? id : null),
    load(loaded) {
      if (loaded !== id) return null
      const packed = messages.map((language) => names.map((name) => language[name]).join('|'))
      const entries = codes.map((code, index) => `${code}:${JSON.stringify(packed[index])}.split('|')`)
      return `export const languages={${entries.join()}}`
    },
    transform(code, file) {
      if (!file.startsWith(here)) return null
      return code.replace(/(?<!\/)\btexts\.(\w+)/g, (_, name) => {
        if (!names.includes(name)) throw new Error(`${file}: there is no text ${name}`)
        return `texts[${names.indexOf(name)}]`
      })
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
