import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Input } from '../operations/core/operation.ts'
import { BULK_FILE_BYTES, createInviteBulk } from '../operations/invite-bulks/create.ts'
import { getInviteBulk } from '../operations/invite-bulks/get.ts'
import { readForm } from '../plugins/read-form.ts'
import { Bulk, BulkResults } from '../schemas/bulk.ts'
import { badRequest } from '../schemas/errors.ts'
import { MOST_VALID_HOURS } from '../schemas/invites.ts'
import type { Api } from './api.ts'
import { rest } from './rest.ts'

/** Invites from a CSV file. */
export async function inviteBulkRoutes(app: Api): Promise<void> {
  rest(app, 'POST /campaigns/:id/invites/bulk', createInviteBulk, {
    shows: BulkResults,
    also: { 202: Bulk },
    form: { file: 'file', read: readBulk },
    answered: tellProgress,
  })
  rest(app, 'GET /invites/bulk/:id', getInviteBulk)
}

async function readBulk(request: FastifyRequest): Promise<Input> {
  const { file, fields } = await readForm(request, BULK_FILE_BYTES, ['sendEmail', 'expiresInHours'])
  return { file: file.toString('base64'), ...readOptions(fields) }
}

// The fields of a form are text.
function readOptions({ sendEmail, expiresInHours }: Readonly<Record<string, string>>): Input {
  const options: Input = {}
  if (sendEmail !== undefined) {
    if (sendEmail !== 'true' && sendEmail !== 'false') {
      throw badRequest('body.sendEmail', 'must be true or false')
    }
    options.sendEmail = sendEmail === 'true'
  }
  if (expiresInHours !== undefined) {
    const hours = /^\d{1,3}$/.test(expiresInHours) ? Number(expiresInHours) : 0
    if (hours < 1 || hours > MOST_VALID_HOURS) {
      throw badRequest('body.expiresInHours', `must be a whole number from 1 to ${MOST_VALID_HOURS}`)
    }
    options.expiresInHours = hours
  }
  return options
}

/** A file that a job works through is told by its id. */
function tellProgress(_request: FastifyRequest, reply: FastifyReply, output: unknown): void {
  if (typeof output === 'object' && output !== null && 'id' in output) {
    reply.code(202).header('location', `/api/invites/bulk/${output.id}`)
  }
}
