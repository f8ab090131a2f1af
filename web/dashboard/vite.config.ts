import { defineConfig } from 'vite'

// The API serves it, under a CSP without inline scripts: nothing may be inlined. Where it lies is known at run time only
// (PUBLIC_URL may have a path): scripts find each other by relative paths, and the server completes those of the page.
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:3000', '/dashboard/session': 'http://127.0.0.1:3000' } },
})
