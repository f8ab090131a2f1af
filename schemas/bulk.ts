import Type, { type Static } from 'typebox'
import { Id } from './ids.ts'
import { Instant, Nullable } from './primitives.ts'

export const bulkStatuses = ['queued', 'running', 'completed'] as const
export type BulkStatus = (typeof bulkStatuses)[number]

const Result = Type.Object(
  {
    row: Type.Integer({
      description: 'As the spreadsheet numbers it: the header is row 1, and empty rows count',
    }),
    email: Nullable(Type.String({ description: 'As the file writes it; null where the row has none' })),
    status: Type.Enum(['invited', 'error']),
    inviteId: Type.Optional(Id('inv')),
    url: Type.Optional(Type.String({ description: 'The link, where it was not mailed' })),
    token: Type.Optional(Type.String()),
    error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
  },
  { title: 'BulkResult' },
)

export const BulkResults = Type.Object({ results: Type.Array(Result) }, { title: 'BulkResults' })
export type BulkResults = Static<typeof BulkResults>

const Count = Type.Integer({ minimum: 0 })

export const Bulk = Type.Object(
  {
    id: Id('blk'),
    campaignId: Id('cmp'),
    status: Type.Enum([...bulkStatuses]),
    counts: Type.Object({ total: Count, done: Count, invited: Count, failed: Count }),
    results: Type.Array(Result),
    createdAt: Instant(),
    completedAt: Nullable(Instant()),
  },
  { title: 'Bulk' },
)
export type Bulk = Static<typeof Bulk>
