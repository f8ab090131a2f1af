import type { Queryable } from '../connect.ts'

/** Rows of an export are shown as they are read. */
type ExportRow = { id: string } & Record<string, unknown>

/** What is kept about a person in one piece. */
export function findPersonRecord(db: Queryable, userId: string) {
  return db<
    {
      id: string
      email: string
      name: string
      createdAt: Date
      secondFactor: boolean
      pendingEmail: string | null
    }[]
  >`
    select users.id, users.email, users.name, users.created_at,
      exists (select from totp where totp.user_id = users.id and confirmed_at is not null) as second_factor,
      (select new_email from email_changes where email_changes.user_id = users.id) as pending_email
    from users where users.id = ${userId}`
}

export function exportMemberships(db: Queryable, userId: string) {
  return db<ExportRow[]>`
    select organizations.id, organizations.name, memberships.role, memberships.created_at as joined_at
    from memberships join organizations on organizations.id = memberships.organization_id
    where memberships.user_id = ${userId} order by organizations.id`
}

export function exportInvitations(db: Queryable, email: string) {
  return db<ExportRow[]>`
    select invitations.id, organizations.name as organization, invitations.role, invitations.created_at,
      invitations.expires_at, invitations.accepted_at, invitations.withdrawn_at
    from invitations join organizations on organizations.id = invitations.organization_id
    where invitations.email = ${email} order by invitations.id desc limit 1000`
}

/** A page of a person's log-ins, newest first. */
export function exportSessions(db: Queryable, userId: string, after: string | null, limit: number) {
  return db<ExportRow[]>`
    select id, sessions.organization_id, kind, ip, user_agent, created_at,
      coalesce(uses.last_used_at, created_at) as last_used_at, ended_at
    from sessions
    left join session_uses as uses
      on uses.organization_id = sessions.organization_id and uses.session_id = sessions.id
    where user_id = ${userId} and (${after}::text is null or id < ${after}) order by id desc limit ${limit}`
}

/** A page of what a person did, and of what was done to them, newest first. */
export function exportAudit(db: Queryable, userId: string, after: string | null, limit: number) {
  return db<ExportRow[]>`
    select id, organization_id, at, action, target_type, target_id, ip, user_agent, request_id from audit_records
    where (user_id = ${userId} or (target_id = ${userId} and organization_id in (
        select organization_id from memberships where user_id = ${userId})))
      and (${after}::text is null or id < ${after})
    order by id desc limit ${limit}`
}

/** A page of a person's requests, newest first. */
export function exportRequests(db: Queryable, userId: string, after: string | null, limit: number) {
  return db<ExportRow[]>`
    select id, organization_id, at, method, path, status, ip, user_agent, credential_type from access_logs
    where user_id = ${userId} and (${after}::text is null or id < ${after}) order by id desc limit ${limit}`
}
