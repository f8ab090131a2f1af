-- The key that an invitation was sent with: a key that is revoked, or loses a scope, takes its open invitations with it.
ALTER TABLE invitations ADD COLUMN invited_by_key text COLLATE "C";
--> statement-breakpoint
CREATE INDEX invitations_key ON invitations (organization_id, invited_by_key)
	WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
