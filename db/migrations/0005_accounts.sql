-- Sessions of two kinds: a family of bearer tokens, or the dashboard's cookie. authenticated_at is when the person last
-- proved who they are; expires_at is the end that no use puts off.
ALTER TABLE sessions
	ADD COLUMN kind text NOT NULL DEFAULT 'token',
	ADD COLUMN authenticated_at timestamptz(3) NOT NULL DEFAULT now(),
	ADD COLUMN expires_at timestamptz(3) NOT NULL DEFAULT now() + interval '90 days',
	ADD CONSTRAINT sessions_kind CHECK (kind IN ('token', 'dashboard'));
--> statement-breakpoint
-- A user's sessions in all organizations: the list of them, and what a changed password ends.
CREATE INDEX sessions_person ON sessions (user_id, id DESC);
--> statement-breakpoint
-- successors: what a used refresh token was exchanged for, sealed with a key that only that token's text gives.
ALTER TABLE tokens
	ADD COLUMN successors bytea,
	DROP CONSTRAINT tokens_kind,
	ADD CONSTRAINT tokens_kind CHECK (kind IN ('access', 'refresh', 'cookie'));
--> statement-breakpoint
-- Whether every member needs a second factor.
ALTER TABLE organizations ADD COLUMN require_totp boolean NOT NULL DEFAULT false;
--> statement-breakpoint
-- A user's authenticator: waiting until confirmed_at is set. last_step is the last 30-second step whose code was used.
CREATE TABLE totp (
	user_id text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
	secret bytea NOT NULL,
	last_step bigint NOT NULL DEFAULT 0,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	confirmed_at timestamptz(3)
);
--> statement-breakpoint
CREATE TABLE recovery_codes (
	user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash bytea NOT NULL,
	used_at timestamptz(3),
	PRIMARY KEY (user_id, hash)
);
--> statement-breakpoint
-- Failed log-ins by what they are counted for: the SHA-256 of an account and the place that the tries came from.
CREATE TABLE login_brakes (
	key bytea PRIMARY KEY,
	failures integer NOT NULL,
	not_before timestamptz(3) NOT NULL,
	updated_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX login_brakes_updated ON login_brakes (updated_at);
--> statement-breakpoint
-- These belong to people, not to a tenant: no tenant's role comes near them.
DO $$
DECLARE
	system text := 'anteroom_' || current_schema() || '_system';
	target text;
BEGIN
	FOREACH target IN ARRAY ARRAY['totp', 'recovery_codes', 'login_brakes'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
		EXECUTE format('CREATE POLICY system ON %I TO %I USING (true)', target, system);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', target, system);
	END LOOP;
END
$$;
