-- The same file for both environments: roles are named after the schema that is being migrated.
-- They exist already (db/migrate.ts makes them, being of the cluster, not of the schema).

-- One table's fence. The tenant's role sees the rows of the organization that its transaction names, or none;
-- the system role sees all. FORCE: the owner of the tables is held to the same policies.
CREATE FUNCTION enable_tenancy(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
	EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
	EXECUTE format(
		'CREATE POLICY tenant ON %s TO %I USING (organization_id = current_setting(''app.organization_id'', true))',
		target, tenant);
	EXECUTE format('CREATE POLICY system ON %s TO %I USING (true)', target, system);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I, %I', target, tenant, system);
END
$$;
--> statement-breakpoint
SELECT enable_tenancy(name::regclass) FROM unnest(ARRAY[
	'memberships', 'sessions', 'tokens', 'keys', 'key_counters', 'campaigns', 'idempotency_keys'
]) AS name;
--> statement-breakpoint

-- Tables without an organization_id of their own: a tenant sees itself and its own people.
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
	ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
	EXECUTE format(
		'CREATE POLICY tenant ON organizations TO %I USING (id = current_setting(''app.organization_id'', true))', tenant);
	EXECUTE format('CREATE POLICY system ON organizations TO %I USING (true)', system);
	EXECUTE format('GRANT SELECT, UPDATE ON organizations TO %I', tenant);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON organizations TO %I', system);

	ALTER TABLE users ENABLE ROW LEVEL SECURITY;
	ALTER TABLE users FORCE ROW LEVEL SECURITY;
	EXECUTE format(
		'CREATE POLICY tenant ON users TO %I USING (EXISTS (SELECT FROM memberships WHERE user_id = users.id))', tenant);
	EXECUTE format('CREATE POLICY system ON users TO %I USING (true)', system);
	EXECUTE format('GRANT SELECT (id, email, name, created_at) ON users TO %I', tenant);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON users TO %I', system);
END
$$;
--> statement-breakpoint

-- Every request, refused ones too. organization_id is null for a refusal that belongs to nobody.
CREATE TABLE access_logs (
	organization_id text COLLATE "C",
	id text COLLATE "C" NOT NULL,
	at timestamptz(3) NOT NULL,
	method text NOT NULL,
	path text NOT NULL,
	status smallint NOT NULL,
	duration_ms real NOT NULL,
	ip text NOT NULL,
	user_agent text,
	credential_type text,
	key_id text COLLATE "C",
	key_hash text,
	user_id text COLLATE "C",
	reason text
) PARTITION BY RANGE (at);
--> statement-breakpoint
CREATE INDEX access_logs_request ON access_logs (organization_id, id DESC);
--> statement-breakpoint
CREATE INDEX access_logs_key ON access_logs (organization_id, key_id, id DESC);
--> statement-breakpoint
SELECT enable_tenancy('access_logs');
--> statement-breakpoint
DO $$
BEGIN
	EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON access_logs FROM %I', 'anteroom_' || current_schema() || '_tenant');
	EXECUTE format('REVOKE UPDATE, DELETE ON access_logs FROM %I', 'anteroom_' || current_schema() || '_system');
END
$$;
--> statement-breakpoint

-- Partitions belong to the tables' owner; the writer may have them made and dropped, and nothing else.
CREATE FUNCTION ensure_log_partitions(first date, last date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' AS $$
DECLARE
	day date;
	partition text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('anteroom log partitions', 0));
	FOR day IN SELECT generate_series(first, last, '1 day')::date LOOP
		partition := 'access_logs_' || to_char(day, 'YYYYMMDD');
		IF to_regclass(format('%I', partition)) IS NULL THEN
			EXECUTE format('CREATE TABLE %I PARTITION OF access_logs FOR VALUES FROM (%L) TO (%L)',
				partition, day::timestamptz, (day + 1)::timestamptz);
		END IF;
	END LOOP;
END
$$;
--> statement-breakpoint
CREATE FUNCTION drop_log_partitions(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' AS $$
DECLARE
	partition text;
	dropped integer := 0;
BEGIN
	FOR partition IN
		SELECT child.relname FROM pg_inherits
		JOIN pg_class child ON child.oid = inhrelid
		WHERE inhparent = 'access_logs'::regclass
			AND child.relname < 'access_logs_' || to_char(before, 'YYYYMMDD')
	LOOP
		EXECUTE format('DROP TABLE %I', partition);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END
$$;
--> statement-breakpoint
DO $$
DECLARE
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	-- Without a fixed search_path a caller could put a table of its own in the way of a SECURITY DEFINER function.
	EXECUTE format('ALTER FUNCTION ensure_log_partitions SET search_path = %I, pg_temp', current_schema());
	EXECUTE format('ALTER FUNCTION drop_log_partitions SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION ensure_log_partitions, drop_log_partitions, enable_tenancy FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION ensure_log_partitions, drop_log_partitions TO %I', system);
END
$$;
