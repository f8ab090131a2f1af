import Type from 'typebox'
import { File } from '../../schemas/files.ts'
import { Id } from '../../schemas/ids.ts'
import { Strict } from '../../schemas/primitives.ts'
import { writeOperation } from '../core/operation.ts'
import type { Services } from '../core/services.ts'
import { type Arrived, LIMIT_BYTES, type TakenFile, takeFile } from './take.ts'

/** Keeps a document of a candidate that `takeDocument` took in. */
export const createFile = writeOperation({
  name: 'files.create',
  summary: 'Upload a document of a candidate',
  description:
    'PDF, DOC or DOCX by its content, at most 10 MiB, one a request and 20 a candidate. The field `file` of the form ' +
    'is the document.',
  access: 'candidates:write',
  errors: [413],
  input: Strict({ id: Id('cnd'), file: Type.Unsafe<TakenFile>({ description: 'The document' }) }),
  output: File,
  run: async ({ tx, services }, { file }) => services.showFile(await file.keep(tx)),
})

/**
 * Takes a document of a candidate in.
 * @param arrive writes what arrives to `services.files.incoming` under the id, at most `limitBytes`
 * @param keep runs `createFile`
 * @throws ApiError as `takeFile`; whatever `arrive` and `keep` throw
 */
export function takeDocument<T>(
  { files, tenancy }: Pick<Services, 'files' | 'tenancy'>,
  { organizationId, candidateId }: { organizationId: string; candidateId: string },
  arrive: (id: string, limitBytes: number) => Promise<Arrived>,
  keep: (file: TakenFile) => Promise<T>,
): Promise<T> {
  const owner = { candidateId, interviewId: null, questionId: null }
  const wanted = { organizationId, owner, kind: 'document' } as const
  return takeFile(files, tenancy, wanted, (id) => arrive(id, LIMIT_BYTES.document), keep)
}
