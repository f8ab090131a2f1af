-- A record whose last field is set is counted and gets no row: of a flood of refused requests the log keeps the first.
-- Otherwise as in 0013_log_counts.sql. Lines that an older version has spooled lack the field.
CREATE OR REPLACE FUNCTION store_access_records(spool text, first bigint, until bigint, lines text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	committed bigint;
	logged_day integer;
BEGIN
	INSERT INTO log_spools (id, position) VALUES (spool, 0) ON CONFLICT DO NOTHING;
	SELECT position INTO committed FROM log_spools WHERE id = spool FOR UPDATE;
	IF committed <> first THEN
		RETURN committed;
	END IF;
	FOR logged_day IN
		SELECT DISTINCT split_part(line, E'\t', 3)::bigint / 86400000
		FROM string_to_table(lines, E'\n') AS line WHERE line <> ''
	LOOP
		PERFORM ensure_log_partition('epoch'::date + logged_day);
	END LOOP;
	-- Two processes add to the same counters: one batch after the other, or they could wait for each other for ever.
	PERFORM pg_advisory_xact_lock(hashtextextended('anteroom access log ' || current_schema(), 0));
	WITH line AS MATERIALIZED (
		SELECT string_to_array(text, E'\t', '') AS f FROM string_to_table(lines, E'\n') AS text WHERE text <> ''
	), logged AS (
		INSERT INTO access_logs (organization_id, id, at, method, path, status, duration_ms, ip, user_agent, access,
			credential_type, key_id, key_hash, user_id, reason)
		SELECT f[1], f[2], to_timestamp(f[3]::float8 / 1000), f[4], f[5], f[6]::smallint, f[7]::real, f[8], f[9], f[10],
			f[11], f[12], f[13], f[14], f[15]
		FROM line WHERE f[17] IS NULL
	), alike AS MATERIALIZED (
		SELECT f[1] AS organization_id, f[12] AS key_id, to_timestamp(f[3]::bigint / 3600000 * 3600) AS hour, f[8] AS ip,
			f[9] AS user_agent, f[10] AS access, f[11] IS NOT NULL AS known, f[16] IS NOT NULL AS failed,
			f[6]::smallint < 400 AS succeeded, count(*) AS requests, to_timestamp(max(f[3]::float8) / 1000) AS last_at
		FROM line WHERE f[1] IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
	), hourly AS MATERIALIZED (
		SELECT organization_id, key_id, hour,
			coalesce(sum(requests) FILTER (WHERE NOT failed), 0) AS requests,
			coalesce(sum(requests) FILTER (WHERE failed), 0) AS failures,
			max(last_at) FILTER (WHERE NOT failed) AS last_used_at
		FROM alike WHERE failed OR known
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
			SELECT organization_id, key_id, ip, coalesce(user_agent, ''), max(last_at), sum(requests)
			FROM alike WHERE key_id IS NOT NULL AND known AND NOT failed GROUP BY 1, 2, 3, 4
		) AS caller JOIN keys ON keys.organization_id = caller.organization_id AND keys.id = caller.key_id
		ON CONFLICT (organization_id, key_id, ip, user_agent) DO UPDATE SET
			last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at), count = known.count + excluded.count
	)
	INSERT INTO key_needs AS known (organization_id, key_id, day, access, ip, requests)
	SELECT need.* FROM (
		SELECT organization_id, key_id, (hour AT TIME ZONE 'UTC')::date, access, ip, sum(requests)
		FROM alike
		WHERE key_id IS NOT NULL AND known AND NOT failed AND succeeded AND access IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5
	) AS need JOIN keys ON keys.organization_id = need.organization_id AND keys.id = need.key_id
	ON CONFLICT (organization_id, key_id, day, access, ip) DO UPDATE SET requests = known.requests + excluded.requests;
	UPDATE log_spools SET position = until, updated_at = now() WHERE id = spool;
	RETURN until;
END
$$;
