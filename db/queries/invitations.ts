import type postgres from 'postgres'
import type { Role } from '../../schemas/access.ts'
import type { PageRequest } from '../../schemas/cursor.ts'
import type { Queryable } from '../connect.ts'
import { locking } from '../locks.ts'
import type { invitations } from '../schema/people.ts'
import { timeOf } from './clock.ts'

/** An invitation as stored, with its state on the organization's clock. */
export type InvitationRow = Omit<typeof invitations.$inferSelect, 'role'> & {
  role: Role
  status: 'pending' | 'accepted' | 'withdrawn' | 'expired'
}

const columns = (tx: Queryable) => tx`
  invitations.*, case
    when accepted_at is not null then 'accepted'
    when withdrawn_at is not null then 'withdrawn'
    when expires_at <= organization_now(invitations.organization_id) then 'expired'
    else 'pending'
  end as status`

/** @param invitation.seconds until it expires */
export function insertInvitation(
  tx: Queryable,
  invitation: {
    organizationId: string
    id: string
    email: string
    role: Role
    tokenHash: Buffer
    invitedBy: string | null
    invitedByKey: string | null
    seconds: number
  },
) {
  const { organizationId, id, email, role, tokenHash, invitedBy, invitedByKey, seconds } = invitation
  return tx<InvitationRow[]>`
    insert into invitations (organization_id, id, email, role, token_hash, invited_by, invited_by_key, expires_at)
    values (${organizationId}, ${id}, ${email}, ${role}, ${tokenHash}, ${invitedBy}, ${invitedByKey},
      ${timeOf(tx, organizationId)} + make_interval(secs => ${seconds}))
    on conflict (organization_id, email) where accepted_at is null and withdrawn_at is null do nothing
    returning ${columns(tx)}`
}

/** Withdraws an address's invitation that expired, to make room for a new one. */
export function withdrawExpired(tx: Queryable, organizationId: string, email: string) {
  locking(tx, 'invitation', organizationId)
  return tx`
    update invitations set withdrawn_at = ${timeOf(tx, organizationId)}
    where organization_id = ${organizationId} and email = ${email} and accepted_at is null and withdrawn_at is null
      and expires_at <= ${timeOf(tx, organizationId)}`
}

/** A page of invitations, newest first. */
export function listInvitations(
  tx: Queryable,
  organizationId: string,
  page: PageRequest,
  status: InvitationRow['status'] | null,
) {
  return tx<InvitationRow[]>`
    select * from (select ${columns(tx)} from invitations where organization_id = ${organizationId}) as listed
    where (${page.after}::text is null or id < ${page.after}) and (${status}::text is null or status = ${status})
    order by id desc limit ${page.limit + 1}`
}

/** One invitation, locked until the transaction ends. */
export function lockInvitation(tx: Queryable, organizationId: string, id: string) {
  locking(tx, 'invitation', organizationId)
  return tx<InvitationRow[]>`
    select ${columns(tx)} from invitations where organization_id = ${organizationId} and id = ${id} for update`
}

/** Replaces the token: the one that was mailed before is worth nothing. */
export function renewInvitation(
  tx: Queryable,
  organizationId: string,
  id: string,
  tokenHash: Buffer,
  seconds: number,
) {
  return tx<InvitationRow[]>`
    update invitations set token_hash = ${tokenHash}, sent_count = sent_count + 1,
      expires_at = ${timeOf(tx, organizationId)} + make_interval(secs => ${seconds})
    where organization_id = ${organizationId} and id = ${id}
    returning ${columns(tx)}`
}

export function withdrawInvitation(tx: Queryable, organizationId: string, id: string) {
  return tx`
    update invitations set withdrawn_at = ${timeOf(tx, organizationId)} where organization_id = ${organizationId} and id = ${id}`
}

/** Withdraws what a member has invited to and nobody has accepted yet. */
export function withdrawInvitationsOf(tx: Queryable, organizationId: string, userId: string) {
  return withdrawAll(tx, organizationId, tx`invited_by = ${userId}`)
}

/** Withdraws what was invited to with a key and nobody has accepted yet. */
export function withdrawInvitationsOfKey(tx: Queryable, organizationId: string, keyId: string) {
  return withdrawAll(tx, organizationId, tx`invited_by_key = ${keyId}`)
}

function withdrawAll(tx: Queryable, organizationId: string, which: postgres.Fragment) {
  locking(tx, 'invitation', organizationId)
  return tx`
    with concerned as materialized (
      select id from invitations
      where organization_id = ${organizationId} and ${which} and accepted_at is null and withdrawn_at is null
      order by id for no key update)
    update invitations set withdrawn_at = ${timeOf(tx, organizationId)} from concerned
    where organization_id = ${organizationId} and invitations.id = concerned.id`
}

/** An invitation that can be accepted, found by its token's SHA-256, across tenants (system role). */
export function findOpenInvitation(db: Queryable, tokenHash: Buffer) {
  return db<(InvitationRow & { organizationName: string; organizationPlan: string })[]>`
    select ${columns(db)}, organizations.name as organization_name, organizations.plan as organization_plan
    from invitations join organizations on organizations.id = invitations.organization_id
    where token_hash = ${tokenHash} and accepted_at is null and withdrawn_at is null and expires_at > organization_now(invitations.organization_id)`
}

/** Accepts an invitation: no row where another request was first, or it is open no longer (system role). */
export function takeInvitation(db: Queryable, organizationId: string, tokenHash: Buffer) {
  locking(db, 'invitation', organizationId)
  return db<{ id: string; role: Role }[]>`
    update invitations set accepted_at = organization_now(organization_id)
    where token_hash = ${tokenHash} and accepted_at is null and withdrawn_at is null and expires_at > organization_now(invitations.organization_id)
    returning id, role`
}
