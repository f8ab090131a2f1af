-- The audit log: one chain of records an organization, appended through append_audit and by no other way.
CREATE TABLE audit_records (
	organization_id text COLLATE "C" NOT NULL,
	sequence bigint NOT NULL,
	id text COLLATE "C" NOT NULL,
	at timestamptz(3) NOT NULL,
	actor_type text NOT NULL,
	user_id text COLLATE "C",
	credential_id text COLLATE "C",
	action text NOT NULL,
	target_type text NOT NULL,
	target_id text COLLATE "C",
	ip text,
	user_agent text,
	request_id text COLLATE "C",
	changes text NOT NULL,
	previous_hash bytea NOT NULL,
	hash bytea NOT NULL,
	PRIMARY KEY (organization_id, sequence),
	CONSTRAINT audit_records_id UNIQUE (organization_id, id)
);
--> statement-breakpoint
CREATE INDEX audit_records_action ON audit_records (organization_id, action, sequence DESC);
--> statement-breakpoint
CREATE INDEX audit_records_target ON audit_records (organization_id, target_id, sequence DESC);
--> statement-breakpoint
-- Where each chain ends: who takes records off the end of a chain must take this back too.
CREATE TABLE audit_heads (
	organization_id text COLLATE "C" PRIMARY KEY,
	sequence bigint NOT NULL DEFAULT 1,
	hash bytea NOT NULL
);
--> statement-breakpoint
SELECT enable_tenancy(name::regclass) FROM unnest(ARRAY['audit_records', 'audit_heads']) AS name;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON audit_records, audit_heads FROM %I, %I', tenant, system);
	-- append_audit runs as the owner, whom FORCE holds to policies too.
	CREATE POLICY owner ON audit_records TO CURRENT_USER USING (true);
	CREATE POLICY owner ON audit_heads TO CURRENT_USER USING (true);
END
$$;
--> statement-breakpoint
-- Appends one record: takes the organization's next number, so that its writers take turns until they commit, and
-- the hash of the record before. What is hashed is a JSON array of text: docs/audit.md lists its places.
CREATE FUNCTION append_audit(
	organization text, record text, actor text, acting_user text, credential text, what text, target_kind text, target text,
	from_ip text, from_agent text, request text, change text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	fence text := nullif(current_setting('app.organization_id', true), '');
	head audit_heads;
	moment timestamptz;
	digest bytea;
BEGIN
	IF fence <> organization THEN
		RAISE insufficient_privilege USING MESSAGE = 'a tenant writes its own audit log alone';
	END IF;
	INSERT INTO audit_heads AS known (organization_id, hash) VALUES (organization, decode(repeat('00', 32), 'hex'))
		ON CONFLICT (organization_id) DO UPDATE SET sequence = known.sequence + 1
		RETURNING * INTO head;
	moment := date_trunc('milliseconds', clock_timestamp());
	digest := sha256(convert_to(array_to_json(ARRAY[
		'anteroom-audit-1', organization, head.sequence::text, record,
		to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
		actor, acting_user, credential, what, target_kind, target, from_ip, from_agent, request, change,
		encode(head.hash, 'hex')
	])::text, 'UTF8'));
	INSERT INTO audit_records VALUES (organization, head.sequence, record, moment, actor, acting_user, credential, what,
		target_kind, target, from_ip, from_agent, request, change, head.hash, digest);
	UPDATE audit_heads SET hash = digest WHERE organization_id = organization;
END
$$;
--> statement-breakpoint
-- A belt beside the grants: not even the owner changes a record by mistake.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE insufficient_privilege USING MESSAGE = 'the audit log is append-only';
END
$$;
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
--> statement-breakpoint

-- What the organization wants done about a key of its own that somebody found in public.
ALTER TABLE organizations ADD COLUMN leaked_keys text NOT NULL DEFAULT 'revoke'
	CONSTRAINT organizations_leaked_keys CHECK (leaked_keys IN ('revoke', 'report'));
--> statement-breakpoint
-- Public keys that a secret-scanning partner signs its reports with; the operator's, of the whole environment.
CREATE TABLE leak_keys (
	key_identifier text PRIMARY KEY,
	public_key text NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
-- When a key was rotated, when its age was told of, and the expiry that its coming end was told of: each once.
ALTER TABLE keys ADD COLUMN rotated_at timestamptz(3), ADD COLUMN rotation_due_at timestamptz(3), ADD COLUMN expiring_told_for timestamptz(3);
--> statement-breakpoint
CREATE INDEX keys_expiry ON keys (expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;
--> statement-breakpoint
CREATE INDEX keys_replaced_by ON keys (organization_id, replaced_by) WHERE replaced_by IS NOT NULL;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('ALTER FUNCTION append_audit SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION append_audit, refuse_audit_change FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION append_audit TO %I, %I', tenant, system);
	EXECUTE format('GRANT SELECT, INSERT, DELETE ON leak_keys TO %I', system);
END
$$;
