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
    status: Type.Enum(['invited', 'error'], { description: 'Whether the candidate of the row is invited' }),
    inviteId: Type.Optional(Id('inv', 'The invite, where the candidate is invited')),
    url: Type.Optional(Type.String({ description: 'The link, where it was not mailed' })),
    token: Type.Optional(Type.String({ description: 'The token of the link, where it was not mailed' })),
    error: Type.Optional(
      Type.Object(
        {
          code: Type.String({
            description: 'As the API answers it, e.g. `CONFLICT`',
            examples: ['CONFLICT'],
          }),
          message: Type.String({ description: 'What is wrong with the row' }),
        },
        { description: 'Why nobody is invited by this row' },
      ),
    ),
  },
  { title: 'BulkResult' },
)

const results = Type.Array(Result, { description: 'What became of each row, in the order of the file' })

export const BulkResults = Type.Object({ results }, { title: 'BulkResults' })
export type BulkResults = Static<typeof BulkResults>

const Count = (description: string) => Type.Integer({ minimum: 0, description })

export const Bulk = Type.Object(
  {
    id: Id('blk'),
    campaignId: Id('cmp'),
    status: Type.Enum([...bulkStatuses], {
      description: 'queued: no row is done yet; running: some are; completed: all are',
    }),
    counts: Type.Object(
      {
        total: Count('The rows of the file'),
        done: Count('The rows that are done'),
        invited: Count('Of these, those whose candidate is invited'),
        failed: Count('Of these, those with an error'),
      },
      { description: 'How far the file has come' },
    ),
    results,
    createdAt: Instant({ description: 'When the file came' }),
    completedAt: Nullable(Instant({ description: 'When the last row was done' })),
  },
  { title: 'Bulk' },
)
export type Bulk = Static<typeof Bulk>
