import type { Queryable } from '../connect.ts'

/** Whether the person proved who they are within the last quarter of an hour, in this session. */
export function findRecentAuthentication(db: Queryable, userId: string, sessionId: string) {
  return db`
    select from sessions
    left join session_uses as uses
      on uses.organization_id = sessions.organization_id and uses.session_id = sessions.id
    where user_id = ${userId} and id = ${sessionId}
      and coalesce(uses.authenticated_at, sessions.created_at) > now() - interval '15 minutes'`
}

/** Notes that the person has just proved who they are. */
export function noteAuthentication(db: Queryable, userId: string, sessionId: string) {
  return db`
    insert into session_uses (organization_id, session_id)
    select organization_id, id from sessions where user_id = ${userId} and id = ${sessionId} for key share
    on conflict (organization_id, session_id) do update set authenticated_at = now()`
}

/** Gives a session the proof of another one of the same user, which it came from (system role). */
export function inheritProof(db: Queryable, userId: string, from: string, to: string) {
  return db`
    insert into session_uses (organization_id, session_id, authenticated_at)
    select sessions.organization_id, sessions.id, coalesce(uses.authenticated_at, origin.created_at)
    from sessions
    join sessions as origin on origin.user_id = ${userId} and origin.id = ${from}
    left join session_uses as uses on uses.organization_id = origin.organization_id and uses.session_id = origin.id
    where sessions.user_id = ${userId} and sessions.id = ${to}
    on conflict (organization_id, session_id) do update set authenticated_at = excluded.authenticated_at`
}

/**
 * Notes that sessions were used; a dashboard's cookie then lasts that much longer, up to its session's end.
 * Rows are taken in the order of their ids, so that two processes never wait for each other, and a session that is
 * being deleted is left out.
 * @param idleSeconds how long a cookie lasts without use
 */
export async function touchSessions(
  db: Queryable,
  used: readonly { organizationId: string; sessionId: string }[],
  idleSeconds: number,
): Promise<void> {
  const organizationIds = used.map(({ organizationId }) => organizationId)
  const ids = used.map(({ sessionId }) => sessionId)
  await db`
    insert into session_uses (organization_id, session_id, authenticated_at)
    select sessions.organization_id, sessions.id, sessions.created_at
    from unnest(${organizationIds}::text[], ${ids}::text[]) as used (organization_id, id)
    join sessions on sessions.organization_id = used.organization_id and sessions.id = used.id and ended_at is null
    order by sessions.id for key share of sessions skip locked
    on conflict (organization_id, session_id) do update set last_used_at = now()`
  await db`
    with cookies as materialized (
      select tokens.hash, least(now() + make_interval(secs => ${idleSeconds}), sessions.expires_at) as expires_at
      from unnest(${organizationIds}::text[], ${ids}::text[]) as used (organization_id, id)
      join sessions on sessions.organization_id = used.organization_id and sessions.id = used.id
      join tokens on tokens.organization_id = used.organization_id and tokens.session_id = used.id
      where tokens.kind = 'cookie' and tokens.expires_at > now()
      order by sessions.id for no key update of tokens skip locked
    )
    update tokens set expires_at = cookies.expires_at from cookies where tokens.hash = cookies.hash`
}
