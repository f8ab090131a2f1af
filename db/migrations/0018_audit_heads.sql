-- The server authenticates the end of each audit chain with a key that the database never sees: docs/audit.md.
ALTER TABLE audit_heads
	-- HMAC of the organization, the sequence, the hash and the anchor; null: nobody has vouched for this end.
	ADD COLUMN IF NOT EXISTS mac bytea,
	-- The number of the newest anchor when the end was authenticated: anchors cannot be removed unseen.
	ADD COLUMN IF NOT EXISTS anchor bigint NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS changed_at timestamptz(3) NOT NULL DEFAULT now();
--> statement-breakpoint
-- How many anchors have been written to the storage. One row.
CREATE TABLE IF NOT EXISTS audit_anchors (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	newest bigint NOT NULL DEFAULT 0
);
--> statement-breakpoint
INSERT INTO audit_anchors DEFAULT VALUES ON CONFLICT DO NOTHING;
--> statement-breakpoint
DROP FUNCTION IF EXISTS append_audit(text, text, text, text, text, text, text, text, text, text, text, text);
--> statement-breakpoint
-- Appends one record: takes the organization's next number, so that its writers take turns until they commit, and
-- the hash of the record before. What is hashed is a JSON array of text: docs/audit.md lists its places. The answer
-- holds what the server needs to check the end that was there and to authenticate the new one.
CREATE FUNCTION append_audit(
	organization text, record text, actor text, acting_user text, credential text, what text, target_kind text, target text,
	from_ip text, from_agent text, request text, change text,
	OUT sequence bigint, OUT hash bytea, OUT before_hash bytea, OUT before_anchor bigint, OUT before_mac bytea,
	OUT newest_anchor bigint
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
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
	UPDATE audit_heads SET hash = digest, mac = NULL, changed_at = moment WHERE organization_id = organization;
	append_audit.sequence := head.sequence;
	append_audit.hash := digest;
	append_audit.before_hash := head.hash;
	append_audit.before_anchor := head.anchor;
	append_audit.before_mac := head.mac;
	SELECT newest INTO append_audit.newest_anchor FROM audit_anchors;
END
$$;
--> statement-breakpoint
-- Writes the server's word for the end that the same transaction has just made.
CREATE OR REPLACE FUNCTION authenticate_audit_head(organization text, number bigint, newest_anchor bigint, code bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	fence text := nullif(current_setting('app.organization_id', true), '');
BEGIN
	IF fence <> organization THEN
		RAISE insufficient_privilege USING MESSAGE = 'a tenant writes its own audit log alone';
	END IF;
	UPDATE audit_heads SET mac = code, anchor = newest_anchor WHERE organization_id = organization AND sequence = number;
END
$$;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('ALTER FUNCTION append_audit SET search_path = %I, pg_temp', current_schema());
	EXECUTE format('ALTER FUNCTION authenticate_audit_head SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION append_audit, authenticate_audit_head FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION append_audit, authenticate_audit_head TO %I, %I', tenant, system);
	EXECUTE format('GRANT SELECT, UPDATE (newest) ON audit_anchors TO %I', system);
END
$$;
