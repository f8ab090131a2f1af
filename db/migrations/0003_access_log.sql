-- The access log anew: partitioned by the request id, which begins with its time (UUID version 7 in base32, sorted
-- by bytes). A cursor, a range of time and a look-up by request id are then all bounds of one column, and each
-- touches the days it needs and no others.
DROP TABLE access_logs;
--> statement-breakpoint
DROP FUNCTION ensure_log_partitions(date, date);
--> statement-breakpoint
DROP FUNCTION drop_log_partitions(date);
--> statement-breakpoint
-- organization_id is null for a refusal that belongs to nobody.
CREATE TABLE access_logs (
	organization_id text COLLATE "C",
	id text COLLATE "C" NOT NULL,
	at timestamptz(3) NOT NULL,
	method text NOT NULL,
	path text COLLATE "C" NOT NULL,
	status smallint NOT NULL,
	duration_ms real NOT NULL,
	ip text NOT NULL,
	user_agent text,
	access text,
	credential_type text,
	key_id text COLLATE "C",
	key_hash text,
	user_id text COLLATE "C",
	reason text
) PARTITION BY RANGE (id);
--> statement-breakpoint
-- One index for each filter, each in the order that a page is read in: backwards from the newest id. Each carries
-- what the others ask for, so that filters together are told apart within the index.
-- What belongs to nobody is in none of them: a flood of invented keys costs its rows alone.
CREATE INDEX access_logs_request ON access_logs (organization_id, id) WHERE organization_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX access_logs_key ON access_logs (organization_id, key_id, id) INCLUDE (status)
	WHERE organization_id IS NOT NULL AND key_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX access_logs_status ON access_logs (organization_id, status, id) INCLUDE (key_id)
	WHERE organization_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX access_logs_path ON access_logs (organization_id, path, id) INCLUDE (status, key_id)
	WHERE organization_id IS NOT NULL;
--> statement-breakpoint

-- What the batches add up to.
CREATE TABLE key_usage (
	organization_id text COLLATE "C" NOT NULL,
	key_id text COLLATE "C" NOT NULL,
	hour timestamptz(3) NOT NULL,
	requests bigint NOT NULL,
	failures bigint NOT NULL,
	PRIMARY KEY (organization_id, key_id, hour),
	FOREIGN KEY (organization_id, key_id) REFERENCES keys (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
CREATE TABLE organization_usage (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	hour timestamptz(3) NOT NULL,
	requests bigint NOT NULL,
	failures bigint NOT NULL,
	PRIMARY KEY (organization_id, hour)
);
--> statement-breakpoint
CREATE TABLE key_callers (
	organization_id text COLLATE "C" NOT NULL,
	key_id text COLLATE "C" NOT NULL,
	ip text NOT NULL,
	user_agent text NOT NULL,
	last_seen_at timestamptz(3) NOT NULL,
	count bigint NOT NULL,
	PRIMARY KEY (organization_id, key_id, ip, user_agent),
	FOREIGN KEY (organization_id, key_id) REFERENCES keys (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
-- The requests of a key that succeeded: what they needed and where they came from.
CREATE TABLE key_needs (
	organization_id text COLLATE "C" NOT NULL,
	key_id text COLLATE "C" NOT NULL,
	day date NOT NULL,
	access text NOT NULL,
	ip text NOT NULL,
	requests bigint NOT NULL,
	PRIMARY KEY (organization_id, key_id, day, access, ip),
	FOREIGN KEY (organization_id, key_id) REFERENCES keys (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
-- How far each process's spool has been written to the tables above, in bytes: a batch and its position are
-- committed together, so that a batch sent twice counts once.
CREATE TABLE log_spools (
	id text COLLATE "C" PRIMARY KEY,
	position bigint NOT NULL,
	updated_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
SELECT enable_tenancy(name::regclass) FROM unnest(ARRAY[
	'access_logs', 'key_usage', 'organization_usage', 'key_callers', 'key_needs'
]) AS name;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('REVOKE INSERT, UPDATE, DELETE
		ON access_logs, key_usage, organization_usage, key_callers, key_needs FROM %I', tenant);
	EXECUTE format('REVOKE UPDATE, DELETE ON access_logs FROM %I', system);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON log_spools TO %I', system);
END
$$;
--> statement-breakpoint

-- The smallest request id of a point in time: 48 bits of milliseconds as ten digits of base32.
CREATE FUNCTION request_id_floor(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
	SELECT 'req_' || string_agg(
		substr('0123456789abcdefghjkmnpqrstvwxyz', ((ms >> (45 - 5 * digit)) & 31)::integer + 1, 1), '' ORDER BY digit)
	FROM (SELECT floor(extract(epoch FROM at) * 1000)::bigint AS ms) AS time, generate_series(0, 9) AS digit
$$;
--> statement-breakpoint

-- Partitions belong to the tables' owner; the writer may have them made and dropped, and nothing else.
CREATE FUNCTION ensure_log_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' AS $$
DECLARE
	partition text := 'access_logs_' || to_char(day, 'YYYYMMDD');
BEGIN
	IF to_regclass(format('%I', partition)) IS NOT NULL THEN
		RETURN;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('anteroom log partitions ' || current_schema(), 0));
	EXECUTE format('CREATE TABLE %I PARTITION OF access_logs FOR VALUES FROM (%L) TO (%L)',
		partition, request_id_floor(day::timestamptz), request_id_floor((day + 1)::timestamptz));
EXCEPTION WHEN duplicate_table THEN
	-- Another process made it while this one waited: what this one had looked up before is no longer so.
	NULL;
END
$$;
--> statement-breakpoint
-- Waits for readers no longer than writers can wait behind it: it is tried again.
CREATE FUNCTION drop_log_partitions(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
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

-- Writes one batch of a spool, everything that follows from it, and the position that it reaches, or nothing of it.
-- A batch that does not begin where the spool stands was written before: nothing is done.
-- lines: one record a line, its fields parted by tabs, an empty field for null (services/access-log/record.ts).
-- Returns where the spool stands now.
CREATE FUNCTION store_access_records(spool text, first bigint, until bigint, lines text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	committed bigint;
	logged_day date;
BEGIN
	INSERT INTO log_spools (id, position) VALUES (spool, 0) ON CONFLICT DO NOTHING;
	SELECT position INTO committed FROM log_spools WHERE id = spool FOR UPDATE;
	IF committed <> first THEN
		RETURN committed;
	END IF;
	FOR logged_day IN
		SELECT DISTINCT (to_timestamp(split_part(line, E'\t', 3)::float8 / 1000) AT TIME ZONE 'UTC')::date
		FROM string_to_table(lines, E'\n') AS line WHERE line <> ''
	LOOP
		PERFORM ensure_log_partition(logged_day);
	END LOOP;
	-- Two processes add to the same counters: one batch after the other, or they could wait for each other for ever.
	PERFORM pg_advisory_xact_lock(hashtextextended('anteroom access log ' || current_schema(), 0));
	WITH line AS MATERIALIZED (
		SELECT string_to_array(text, E'\t', '') AS f FROM string_to_table(lines, E'\n') AS text WHERE text <> ''
	), record AS MATERIALIZED (
		SELECT f[1] AS organization_id, f[2] AS id, to_timestamp(f[3]::float8 / 1000) AS at, f[4] AS method, f[5] AS path,
			f[6]::smallint AS status, f[7]::real AS duration_ms, f[8] AS ip, f[9] AS user_agent, f[10] AS access,
			f[11] AS credential_type, f[12] AS key_id, f[13] AS key_hash, f[14] AS user_id, f[15] AS reason,
			f[16] IS NOT NULL AS failed
		FROM line
	), logged AS (
		INSERT INTO access_logs (organization_id, id, at, method, path, status, duration_ms, ip, user_agent, access,
			credential_type, key_id, key_hash, user_id, reason)
		SELECT organization_id, id, at, method, path, status, duration_ms, ip, user_agent, access,
			credential_type, key_id, key_hash, user_id, reason
		FROM record
	), hourly AS MATERIALIZED (
		SELECT organization_id, key_id, date_trunc('hour', at, 'UTC') AS hour,
			count(*) FILTER (WHERE NOT failed) AS requests, count(*) FILTER (WHERE failed) AS failures,
			max(at) FILTER (WHERE NOT failed) AS last_used_at
		FROM record WHERE organization_id IS NOT NULL AND (failed OR credential_type IS NOT NULL)
		GROUP BY 1, 2, 3
	-- An organization or a key may have been erased since the request.
	), of_keys AS MATERIALIZED (
		SELECT hourly.* FROM hourly JOIN keys ON keys.organization_id = hourly.organization_id AND keys.id = hourly.key_id
	), counted AS (
		INSERT INTO key_counters AS known (organization_id, key_id, request_count, failed_attempts, last_used_at)
		SELECT organization_id, key_id, sum(requests), sum(failures), max(last_used_at) FROM of_keys GROUP BY 1, 2
		ON CONFLICT (organization_id, key_id) DO UPDATE SET
			request_count = known.request_count + excluded.request_count,
			failed_attempts = known.failed_attempts + excluded.failed_attempts,
			last_used_at = greatest(known.last_used_at, excluded.last_used_at)
	), of_hours AS (
		INSERT INTO key_usage AS known (organization_id, key_id, hour, requests, failures)
		SELECT organization_id, key_id, hour, requests, failures FROM of_keys
		ON CONFLICT (organization_id, key_id, hour) DO UPDATE SET
			requests = known.requests + excluded.requests, failures = known.failures + excluded.failures
	), of_organizations AS (
		INSERT INTO organization_usage AS known (organization_id, hour, requests, failures)
		SELECT hourly.organization_id, hour, sum(requests), sum(failures)
		FROM hourly JOIN organizations ON organizations.id = hourly.organization_id GROUP BY 1, 2
		ON CONFLICT (organization_id, hour) DO UPDATE SET
			requests = known.requests + excluded.requests, failures = known.failures + excluded.failures
	), calling AS (
		INSERT INTO key_callers AS known (organization_id, key_id, ip, user_agent, last_seen_at, count)
		SELECT caller.* FROM (
			SELECT organization_id, key_id, ip, coalesce(user_agent, ''), max(at), count(*)
			FROM record WHERE key_id IS NOT NULL AND credential_type IS NOT NULL AND NOT failed GROUP BY 1, 2, 3, 4
		) AS caller JOIN keys ON keys.organization_id = caller.organization_id AND keys.id = caller.key_id
		ON CONFLICT (organization_id, key_id, ip, user_agent) DO UPDATE SET
			last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at), count = known.count + excluded.count
	)
	INSERT INTO key_needs AS known (organization_id, key_id, day, access, ip, requests)
	SELECT need.* FROM (
		SELECT organization_id, key_id, (at AT TIME ZONE 'UTC')::date, access, ip, count(*)
		FROM record
		WHERE key_id IS NOT NULL AND credential_type IS NOT NULL AND NOT failed AND status < 400 AND access IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5
	) AS need JOIN keys ON keys.organization_id = need.organization_id AND keys.id = need.key_id
	ON CONFLICT (organization_id, key_id, day, access, ip) DO UPDATE SET requests = known.requests + excluded.requests;
	UPDATE log_spools SET position = until, updated_at = now() WHERE id = spool;
	RETURN until;
END
$$;
--> statement-breakpoint
DO $$
DECLARE
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	-- Without a fixed search_path a caller could put a table of its own in the way of a SECURITY DEFINER function.
	EXECUTE format('ALTER FUNCTION ensure_log_partition SET search_path = %I, pg_temp', current_schema());
	EXECUTE format('ALTER FUNCTION drop_log_partitions SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION request_id_floor, ensure_log_partition, drop_log_partitions, store_access_records FROM PUBLIC;
	EXECUTE format(
		'GRANT EXECUTE ON FUNCTION request_id_floor, ensure_log_partition, drop_log_partitions, store_access_records TO %I',
		system);
END
$$;
