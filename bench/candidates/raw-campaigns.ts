// GET /api/campaigns without tenancy: the same rows by one prepared query of postgres.js on its pool, in no transaction
// and as the superuser, whom no row-level security holds; the same JSON through a response schema.
import Fastify from 'fastify'
import postgres from 'postgres'

const { DATABASE_URL = '', SCHEMA = '', ORGANIZATION_ID = '', POOL_SIZE, PORT } = process.env

const sql = postgres(DATABASE_URL, {
  max: Number(POOL_SIZE),
  transform: { column: { from: postgres.toCamel } },
  connection: { search_path: SCHEMA },
})

interface Row {
  id: string
  name: string
  description: string | null
  status: string
  language: string
  questions: unknown[]
  inviteValidHours: number
  metadata: Record<string, unknown>
  invitedCount: number
  startedCount: number
  completedCount: number
  expiredCount: number
  createdAt: Date
  updatedAt: Date
}

const string = { type: 'string' }
const integer = { type: 'integer' }
const instant = { type: 'string', format: 'date-time' }
const question = {
  id: string,
  prompt: string,
  kind: string,
  options: { type: 'array', items: string },
  timeLimitSeconds: integer,
}
const counts = { invited: integer, started: integer, completed: integer, expired: integer }
const campaign = {
  id: string,
  name: string,
  description: { type: 'string', nullable: true },
  status: string,
  language: string,
  questions: { type: 'array', items: { type: 'object', properties: question } },
  inviteValidHours: integer,
  metadata: { type: 'object', additionalProperties: true },
  counts: { type: 'object', properties: counts },
  createdAt: instant,
  updatedAt: instant,
}
const response = {
  type: 'object',
  properties: {
    campaigns: { type: 'array', items: { type: 'object', properties: campaign } },
    nextCursor: { type: 'string', nullable: true },
  },
}

const app = Fastify()
app.get('/campaigns', { schema: { response: { 200: response } } }, async () => {
  const rows = await sql<Row[]>`
    select id, name, description, status, language, questions, invite_valid_hours, metadata,
      invited_count, started_count, completed_count, expired_count, created_at, updated_at
    from campaigns where organization_id = ${ORGANIZATION_ID} order by id desc limit ${51}`
  const campaigns = rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    status: row.status,
    language: row.language,
    questions: row.questions,
    inviteValidHours: row.inviteValidHours,
    metadata: row.metadata,
    counts: {
      invited: row.invitedCount,
      started: row.startedCount,
      completed: row.completedCount,
      expired: row.expiredCount,
    },
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }))
  return { campaigns, nextCursor: null }
})
await app.listen({ port: Number(PORT) })
