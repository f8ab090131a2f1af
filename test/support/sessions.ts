import type { Database } from '../../db/connect.ts'

/** Makes it look as if every session was last used, and its person last proved who they are, so many hours ago. */
export async function usedHoursAgo(database: Database, hours: number): Promise<void> {
  await database`
    insert into session_uses (organization_id, session_id, last_used_at, authenticated_at)
    select organization_id, id, now() - make_interval(hours => ${hours}), now() - make_interval(hours => ${hours})
    from sessions
    on conflict (organization_id, session_id)
    do update set last_used_at = excluded.last_used_at, authenticated_at = excluded.authenticated_at`
}
