import { defineConfig } from 'vite'

// Served under /dashboard by the API itself, under a CSP without inline scripts: nothing may be inlined.
export default defineConfig({
  base: '/dashboard/',
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
