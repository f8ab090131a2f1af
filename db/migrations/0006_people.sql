-- Invitations to an organization. The token that was mailed is kept as its SHA-256 alone and looked up before the
-- organization is known.
CREATE TABLE invitations (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	id text COLLATE "C" NOT NULL,
	email text NOT NULL,
	role text NOT NULL,
	token_hash bytea NOT NULL,
	invited_by text COLLATE "C",
	sent_count integer NOT NULL DEFAULT 1,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	expires_at timestamptz(3) NOT NULL,
	accepted_at timestamptz(3),
	withdrawn_at timestamptz(3),
	PRIMARY KEY (organization_id, id),
	CONSTRAINT invitations_token UNIQUE (token_hash),
	CONSTRAINT invitations_role CHECK (role IN ('owner', 'admin', 'member', 'viewer'))
);
--> statement-breakpoint
-- One open invitation for each address.
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, email)
	WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
--> statement-breakpoint
-- An erased person's address is taken out everywhere.
CREATE INDEX invitations_email ON invitations (email);
--> statement-breakpoint
SELECT enable_tenancy('invitations');
--> statement-breakpoint
-- Tokens that were mailed to set a new password, as SHA-256. Used ones are deleted.
CREATE TABLE password_resets (
	hash bytea PRIMARY KEY,
	user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	expires_at timestamptz(3) NOT NULL
);
--> statement-breakpoint
CREATE INDEX password_resets_user ON password_resets (user_id, created_at);
--> statement-breakpoint
-- A change of e-mail address that waits for the consent of both addresses.
CREATE TABLE email_changes (
	user_id text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	new_email text NOT NULL,
	new_hash bytea NOT NULL,
	old_hash bytea NOT NULL,
	new_confirmed_at timestamptz(3),
	old_confirmed_at timestamptz(3),
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	expires_at timestamptz(3) NOT NULL,
	CONSTRAINT email_changes_new UNIQUE (new_hash),
	CONSTRAINT email_changes_old UNIQUE (old_hash)
);
--> statement-breakpoint
-- These belong to people, not to a tenant: no tenant's role comes near them.
DO $$
DECLARE
	system text := 'anteroom_' || current_schema() || '_system';
	target text;
BEGIN
	FOREACH target IN ARRAY ARRAY['password_resets', 'email_changes'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
		EXECUTE format('CREATE POLICY system ON %I TO %I USING (true)', target, system);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', target, system);
	END LOOP;
END
$$;
--> statement-breakpoint
-- When the member who made a key left: the key stays and is marked.
ALTER TABLE keys ADD COLUMN creator_left_at timestamptz(3);
--> statement-breakpoint
CREATE INDEX keys_creator ON keys (organization_id, created_by) WHERE created_by IS NOT NULL;
--> statement-breakpoint
-- What is kept about a person, for their export.
CREATE INDEX access_logs_user ON access_logs (user_id, id) WHERE user_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_records_user ON audit_records (user_id, id) WHERE user_id IS NOT NULL;
