-- Webhook endpoints. The secrets are one sealed list, so that a rotation can let several live for a while.
CREATE TABLE webhooks (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	id text COLLATE "C" NOT NULL,
	url text NOT NULL,
	description text,
	events text[] NOT NULL,
	secrets bytea NOT NULL,
	disabled_at timestamptz(3),
	disabled_reason text,
	-- since the first failure that no success came after
	failing_since timestamptz(3),
	warned_at timestamptz(3),
	-- the receiver asked for quiet until then
	paused_until timestamptz(3),
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	updated_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, id),
	CONSTRAINT webhooks_disabled_reason CHECK (
		(disabled_at IS NULL) = (disabled_reason IS NULL) AND disabled_reason IN ('request', 'gone', 'failing'))
);
--> statement-breakpoint
-- What is to be delivered: one row for an event and an endpoint, with its last attempt; `earlier` has those before it.
-- No foreign key to webhooks: each event would lock the rows of all endpoints against their removal, in any order.
CREATE TABLE deliveries (
	organization_id text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	webhook_id text COLLATE "C" NOT NULL,
	event_id text COLLATE "C" NOT NULL,
	state text NOT NULL DEFAULT 'pending',
	-- attempts ever made, and those since it was last put into the queue: the place in the table of retries
	attempt integer NOT NULL DEFAULT 0,
	tries integer NOT NULL DEFAULT 0,
	due_at timestamptz(3) NOT NULL DEFAULT now(),
	at timestamptz(3),
	status smallint,
	duration_ms integer,
	response text,
	error text,
	earlier jsonb NOT NULL DEFAULT '[]',
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, id),
	CONSTRAINT deliveries_once UNIQUE (organization_id, event_id, webhook_id),
	CONSTRAINT deliveries_event FOREIGN KEY (organization_id, event_id) REFERENCES events (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT deliveries_state CHECK (state IN ('pending', 'delivered', 'failed'))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
CREATE INDEX deliveries_webhook ON deliveries (organization_id, webhook_id, id DESC);
--> statement-breakpoint
-- The queue: what an endpoint is to get next is its first entry, and the next endpoint with a queue is one probe away.
CREATE INDEX deliveries_queue ON deliveries (organization_id, webhook_id, due_at, event_id) WHERE state = 'pending';
--> statement-breakpoint
SELECT enable_tenancy(name::regclass) FROM unnest(ARRAY['webhooks', 'deliveries']) AS name;
--> statement-breakpoint
-- The transaction that an event came with. Ids are given out before the commit, so that a reader who goes by ids alone
-- would pass over an event whose transaction took long; a reader who stays below the oldest running one misses none.
ALTER TABLE events ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();
--> statement-breakpoint
CREATE INDEX events_stream ON events (organization_id, transaction_id, id);
