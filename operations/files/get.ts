import Type from 'typebox'
import { findFile } from '../../db/queries/files.ts'
import { allows } from '../../schemas/access.ts'
import { File } from '../../schemas/files.ts'
import { Id } from '../../schemas/ids.ts'
import { needsScope } from '../core/access.ts'
import { readOperation } from '../core/operation.ts'
import { requireStored } from './find.ts'

/** Shows one file, with a fresh link to its content. */
export const getFile = readOperation({
  name: 'files.get',
  summary: 'Get a file',
  description:
    'Shows a document of a candidate, or the recording of an answer, with a fresh link to its content. A recording ' +
    'needs `interviews:read` besides.',
  access: 'candidates:read',
  input: Type.Object({ id: Id('file') }),
  output: File,
  async run({ read, organizationId, actor, services }, { id }) {
    const [row] = await read((tx) => findFile(tx, organizationId, id))
    const file = requireStored(row)
    if (file.interviewId !== null && !allows(actor.scopes, 'interviews:read')) {
      throw needsScope('interviews:read')
    }
    return services.showFile(file)
  },
})
