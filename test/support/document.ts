import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { ApiDocument } from '../../schemas/openapi/document.ts'

const run = promisify(execFile)

/** Writes the document as `bin/openapi.ts` does, on a machine without a database. */
export async function writtenDocument(t: Test): Promise<{ file: string; document: ApiDocument }> {
  const file = join(t.testdir(), 'openapi.json')
  const env = { PATH: process.env.PATH, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
  await run(process.execPath, ['bin/openapi.ts', file], { env })
  return { file, document: JSON.parse(await readFile(file, 'utf8')) }
}
