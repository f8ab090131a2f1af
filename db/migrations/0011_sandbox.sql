-- How far an organization's own time is ahead of the database's. Time is moved in the sandbox alone.
ALTER TABLE organizations ADD COLUMN clock_offset_seconds integer NOT NULL DEFAULT 0 CHECK (clock_offset_seconds >= 0);
--> statement-breakpoint
DO $$
BEGIN
	IF current_schema() = 'production' THEN
		ALTER TABLE organizations ADD CONSTRAINT organizations_clock_stands CHECK (clock_offset_seconds = 0);
	END IF;
END
$$;
--> statement-breakpoint
-- What time it is for an organization: every expiry of its invites and interviews is measured by it. To the
-- millisecond, as times are kept and shown.
CREATE FUNCTION organization_now(organization text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
	SELECT date_trunc('milliseconds', now()) + make_interval(secs => clock_offset_seconds) FROM organizations WHERE id = organization
$$;
--> statement-breakpoint
-- The same by the second hand: it moves within a transaction, as the ends of keys are compared with.
CREATE FUNCTION organization_clock(organization text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
	SELECT date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => clock_offset_seconds)
	FROM organizations WHERE id = organization
$$;
--> statement-breakpoint
-- For how long recordings are kept, by the organization's own choice.
ALTER TABLE organizations ADD COLUMN media_retention_days integer NOT NULL DEFAULT 90
	CHECK (media_retention_days BETWEEN 1 AND 3650);
--> statement-breakpoint
-- What happened is not rewritten, but in a sandbox it may be forgotten: POST /api/sandbox/reset.
DO $$
BEGIN
	IF current_schema() = 'sandbox' THEN
		EXECUTE format('GRANT DELETE ON events TO %I', 'anteroom_sandbox_tenant');
	END IF;
END
$$;
--> statement-breakpoint
-- Recordings that are due to be forgotten.
CREATE INDEX files_recordings ON files (organization_id, created_at) WHERE interview_id IS NOT NULL;
