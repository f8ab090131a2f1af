-- The function is volatile, so it sees newer rows than the statement that calls it. Where the organization has been erased
-- in between, it has no row: the answer is the server's time then, not null.
CREATE OR REPLACE FUNCTION organization_clock(organization text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
	SELECT date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => coalesce(
		(SELECT clock_offset_seconds FROM organizations WHERE id = organization), 0))
$$;
