import type { Queryable } from '../connect.ts'
import { timeOfEach } from './clock.ts'

/**
 * Deletes recordings that are older than their organization keeps them, on its own clock: of one organization, or of all
 * (system role). Their answers stay, without the file; the bytes are noted for removal.
 */
export function forgetOldRecordings(db: Queryable, organizationId: string | null) {
  return db`
    delete from files using organizations
    where organizations.id = files.organization_id and files.interview_id is not null and files.state = 'stored'
      and (${organizationId}::text is null or organizations.id = ${organizationId})
      and files.created_at <= ${timeOfEach(db)} - make_interval(days => organizations.media_retention_days)`
}
