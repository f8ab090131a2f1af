// Preloaded by `npm start`: what Node once compiled, and freed of its types, is read from the disk from then on. That
// halves the work of loading the modules, and spares a server the memory of what strips the types. Where the folder can't
// be written, Node goes on without.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/anteroom', import.meta.url)))
