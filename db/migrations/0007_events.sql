-- What happened, written in the transaction that made it happen; kept 30 days.
CREATE TABLE events (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	id text COLLATE "C" NOT NULL,
	type text NOT NULL,
	data jsonb NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, id)
);
--> statement-breakpoint
CREATE INDEX events_type ON events (organization_id, type, id DESC);
--> statement-breakpoint
CREATE INDEX events_created ON events (created_at);
--> statement-breakpoint
SELECT enable_tenancy('events');
--> statement-breakpoint
-- What happened is not rewritten.
DO $$
BEGIN
	EXECUTE format('REVOKE UPDATE, DELETE ON events FROM %I', 'anteroom_' || current_schema() || '_tenant');
	EXECUTE format('REVOKE UPDATE ON events FROM %I', 'anteroom_' || current_schema() || '_system');
END
$$;
