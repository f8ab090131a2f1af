-- Who may answer from memory, and what has changed: docs/revocation.md.

-- A process that serves this environment. Until lease_until, on this database's clock, it may answer from what it
-- remembers; each renewal comes with the changes up to it.
CREATE TABLE replicas (
	id text COLLATE "C" PRIMARY KEY,
	lease_until timestamptz(3) NOT NULL,
	started_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
-- A change to what a credential means. transaction_id tells a reader which changes a snapshot may have missed.
CREATE TABLE changes (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
	tag text COLLATE "C" NOT NULL,
	at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX changes_transaction ON changes (transaction_id);
--> statement-breakpoint
CREATE INDEX changes_tag ON changes (tag, id DESC);
--> statement-breakpoint
CREATE INDEX changes_at ON changes (at);
--> statement-breakpoint
-- Renews a replica's lease, then reads what has changed since its horizon; no row where the replica is not known.
-- One call, so that no client that stops in the midst of it leaves its row locked; two statements, as each sees a
-- snapshot of its own (read committed): the one that reads the changes is younger than the lock.
CREATE FUNCTION renew_lease(replica text, horizon xid8, lease interval)
RETURNS TABLE (next_horizon xid8, change_id bigint, change_tag text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	UPDATE replicas SET lease_until = now() + lease WHERE replicas.id = replica;
	IF FOUND THEN
		RETURN QUERY SELECT pg_snapshot_xmin(pg_current_snapshot()), changes.id, changes.tag
			FROM (SELECT) AS always LEFT JOIN changes ON changes.transaction_id >= horizon;
	END IF;
END
$$;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	-- A tenant's transaction announces and reads nothing back: changes of all tenants stand in this table.
	EXECUTE format('GRANT INSERT, SELECT (id) ON changes TO %I', tenant);
	EXECUTE format('GRANT SELECT, INSERT, DELETE ON changes TO %I', system);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON replicas TO %I', system);
END
$$;
--> statement-breakpoint
-- 32 bits of the secret's SHA-256: a wrong secret on a real id hardly ever reaches bcrypt, and nobody finds one that
-- does by trying. They say nothing worth knowing of a secret with 190 bits.
ALTER TABLE keys ADD COLUMN secret_tag integer NOT NULL;
