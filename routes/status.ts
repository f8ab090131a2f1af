import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { readStatus, type Status } from '../operations/status/status.ts'
import packageJson from '../package.json' with { type: 'json' }
import { Instant } from '../schemas/primitives.ts'
import { type Api, answers } from './api.ts'

const Health = Type.Enum(['operational', 'down'])
const StatusSchema = Type.Object(
  {
    status: Health,
    environment: Type.Enum(['sandbox', 'production']),
    version: Type.String(),
    checkedAt: Instant(),
    components: Type.Array(Type.Object({ name: Type.String(), status: Health, note: Type.String() })),
  },
  { title: 'Status' },
)

/** JSON for programs, a page for people. */
const Answer = Type.Unsafe<Static<typeof StatusSchema>>({
  description: 'How the service is',
  content: {
    'application/json': { schema: StatusSchema },
    'text/html': { schema: Type.String() },
  },
})

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; padding: .6rem .4rem; border-bottom: 1px solid #8884 }
.operational::before { content: "● "; color: #1a7f37 }
.down::before { content: "● "; color: #cf222e }
footer { margin-top: 2rem; font-size: .875rem; opacity: .8 }`
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`

/** A page that tells people whether the service is well. */
export async function statusRoutes(app: Api): Promise<void> {
  app.get(
    '/status',
    {
      schema: {
        tags: ['Health'],
        operationId: 'status',
        summary: 'How the service is: a page for people, JSON with Accept: application/json',
        response: answers({ 200: Answer }, 429),
      },
    },
    async (request, reply) => {
      const status = await readStatus(app.database, {
        environment: app.config.environment.name,
        version: packageJson.version,
        mayAnswerFromMemory: app.changes.trusted(),
      })
      reply.header('cache-control', 'no-store').header('vary', 'accept')
      if (request.headers.accept?.includes('application/json')) return status
      reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy)
      return reply.serializer((text: string) => text).send(page(status) as never)
    },
  )
}

// Nothing on the page comes from a caller: there is nothing to escape.
function page({ status, environment, version, checkedAt, components }: Status): string {
  const rows = components
    .map(
      (part) =>
        `<tr><th scope="row">${part.name}</th><td class="${part.status}">${part.status}</td><td>${part.note}</td></tr>`,
    )
    .join('')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Anteroom ${environment}: ${status}</title><style>${style}</style></head>
<body>
<main>
<h1>${status === 'operational' ? 'All systems operational' : 'There is a problem'}</h1>
<p>Anteroom ${environment}</p>
<table><thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">Note</th></tr></thead><tbody>${rows}</tbody></table>
</main>
<footer>Version ${version}, looked at <time datetime="${checkedAt.toISOString()}">${checkedAt.toISOString()}</time></footer>
</body>
</html>
`
}
