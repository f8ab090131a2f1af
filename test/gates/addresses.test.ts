import { globSync, readFileSync } from 'node:fs'
import t from 'tap'

// `request.ip` is what the socket or a proxy wrote: with a port, in brackets, mapped. `request.address` is plain.
const raw =
  /\b(?:request|req|raw|socket)\??\.(?:ip|ips|remoteAddress)\b|[{,]\s*ips?\s*[,}][^=;]*\}?\s*=\s*request\b/

// The connector looks at the addresses that webhooks go to.
t.test('one place reads where a request comes from', async (t) => {
  const files = globSync([
    '{operations,plugins,routes,http,graphql,mcp,oauth}/**/*.ts',
    'app.ts',
    'server.ts',
  ])
  t.ok(files.length > 50)
  const allowed = new Set([
    'plugins/client-address.ts',
    'plugins/access-log.ts',
    // Counts connections, which have no request yet.
    'plugins/connections.ts',
    'operations/webhooks/connector.ts',
  ])
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      if (!allowed.has(file) && raw.test(line)) t.fail(`${file}:${index + 1} ${line.trim()}`)
    }
  }
})
