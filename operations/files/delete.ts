import Type from 'typebox'
import { deleteFiles, findFile } from '../../db/queries/files.ts'
import { ApiError } from '../../schemas/errors.ts'
import { Id } from '../../schemas/ids.ts'
import { NoContent } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import { requireStored } from './find.ts'
import { removeBytesSoon } from './remove.ts'

/** Deletes a candidate's document. Its bytes are noted for removal, and removed after the commit. */
export const deleteFile = writeOperation({
  name: 'files.delete',
  summary: 'Delete a document of a candidate',
  description:
    'Deletes the document and its content; links to it end at once. The recording of an answer cannot be deleted by ' +
    'itself (409): erase the candidate.',
  access: 'candidates:write',
  errors: [409],
  input: Type.Object({ id: Id('file') }),
  output: NoContent,
  async run({ tx, organizationId, services, afterCommit }, { id }) {
    const [row] = await findFile(tx, organizationId, id)
    if (requireStored(row).interviewId !== null) {
      throw new ApiError('CONFLICT', 'A recording belongs to its answer and goes with the candidate')
    }
    await deleteFiles(tx, organizationId, [id])
    afterCommit(() => removeBytesSoon(services.files))
    return null
  },
})
