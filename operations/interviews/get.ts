import Type from 'typebox'
import { findInterview } from '../../db/queries/interviews.ts'
import { notFound } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { Interview } from '../../schemas/interviews.ts'
import { readOperation } from '../core/operation.ts'
import { serializeInterview } from './serialize.ts'

/** Shows one interview with its answers. */
export const getInterview = readOperation({
  name: 'interviews.get',
  summary: 'Get an interview',
  description:
    'Shows an interview with its answers, in the order of the questions. Links to recordings in it are good for five ' +
    'minutes: get the interview again for fresh ones.',
  access: 'interviews:read',
  input: Type.Object({ id: Id('int') }),
  output: Interview,
  async run({ read, organizationId, services }, { id }) {
    const [row] = await read((tx) => findInterview(tx, organizationId, id))
    if (!row) throw notFound('Interview')
    return serializeInterview(row, services.showFile)
  },
})
