import { randomBytes } from 'node:crypto'
import t from 'tap'
import { auditFiles } from '../../operations/files/remove.ts'
import { type Body, testApp } from '../support/app.ts'
import { openBucket } from '../support/bucket.ts'
import { makeCandidate } from '../support/candidates.ts'
import { pdf } from '../support/files.ts'

t.test('files in a bucket', async (t) => {
  const bucket = await openBucket(t)
  const server = await testApp(t, { STORAGE_URL: bucket.url })
  const base = await server.listen()
  const tenants = await Promise.all([1, 2, 3].map(() => server.tenant()))
  const content = Buffer.concat([pdf(), randomBytes(100_000)])
  const kept: { id: string; url: string }[] = []
  for (const tenant of tenants) {
    const candidateId = await makeCandidate(server, tenant)
    for (let count = 0; count < 3; count += 1) {
      const form = new FormData()
      form.append('file', new Blob([Uint8Array.from(content)]), 'cv.pdf')
      const answer = await fetch(`${base}/api/candidates/${candidateId}/files`, {
        method: 'POST',
        headers: tenant.auth,
        body: form,
      })
      const file = (await answer.json()) as Body
      t.equal(answer.status, 201, JSON.stringify(file))
      kept.push(file)
    }
  }
  t.equal(bucket.objects.size, 9)
  for (const key of bucket.objects.keys()) t.match(key, /^of tests\/sandbox\/org_[0-9a-z]+\/file_[0-9a-z]+$/)

  const [first] = kept
  if (!first) throw new Error('files were kept')
  const whole = await fetch(first.url)
  t.ok(Buffer.from(await whole.arrayBuffer()).equals(content))
  const part = await fetch(first.url, { headers: { range: 'bytes=500-999' } })
  t.equal(part.status, 206)
  t.ok(Buffer.from(await part.arrayBuffer()).equals(content.subarray(500, 1000)))

  bucket.objects.set('of tests/sandbox/org_nobody/file_nobody', Buffer.from('x'))
  bucket.objects.set('of tests/production/org_nobody/file_nobody', Buffer.from('x'))
  bucket.objects.set('not ours', Buffer.from('x'))
  t.same(await auditFiles(server.app.files), { uploads: 0, removed: 0, orphans: 1, missing: 0 })
  t.equal(bucket.objects.size, 11, 'what is of others is left alone')

  const deleted = await server.call('DELETE', `/api/files/${first.id}`, { headers: tenants[0]?.auth ?? {} })
  t.equal(deleted.status, 204)
  t.notOk([...bucket.objects.keys()].some((key) => key.endsWith(first.id)))
  const [lost] = [...bucket.objects.keys()].filter((key) => key.endsWith(kept[8]?.id ?? ''))
  bucket.objects.delete(lost ?? '')
  t.equal((await auditFiles(server.app.files)).missing, 1)
  t.equal((await fetch(kept[8]?.url ?? '')).status, 503)
  t.same(bucket.refused, [])
})
