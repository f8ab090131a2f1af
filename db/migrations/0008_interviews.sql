-- People who are invited. An erased candidate's row stays without anything of the person, so that invites and
-- interviews still have somebody to belong to, and counts stay right.
CREATE TABLE candidates (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	id text COLLATE "C" NOT NULL,
	email text COLLATE "C",
	name text NOT NULL,
	phone text,
	external_id text,
	metadata jsonb NOT NULL DEFAULT '{}',
	search_text text NOT NULL DEFAULT '',
	search tsvector NOT NULL GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(search_text, ' '), ''))) STORED,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	erased_at timestamptz(3),
	PRIMARY KEY (organization_id, id),
	CONSTRAINT candidates_email UNIQUE (organization_id, email),
	CONSTRAINT candidates_erased CHECK ((erased_at IS NULL) = (email IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX candidates_search ON candidates USING gin (search);
--> statement-breakpoint
CREATE INDEX candidates_external ON candidates (organization_id, external_id) WHERE external_id IS NOT NULL;
--> statement-breakpoint

-- Times in the three tables below are the organization's own (organization_now): in a sandbox it may be moved.
CREATE TABLE invites (
	organization_id text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	campaign_id text COLLATE "C" NOT NULL,
	candidate_id text COLLATE "C" NOT NULL,
	status text NOT NULL DEFAULT 'pending',
	expires_at timestamptz(3) NOT NULL,
	sent_count integer NOT NULL DEFAULT 0,
	created_at timestamptz(3) NOT NULL,
	PRIMARY KEY (organization_id, id),
	FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE CASCADE,
	FOREIGN KEY (organization_id, candidate_id) REFERENCES candidates (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT invites_status CHECK (status IN ('pending', 'started', 'completed', 'expired', 'cancelled'))
);
--> statement-breakpoint
CREATE INDEX invites_campaign ON invites (organization_id, campaign_id, id DESC);
--> statement-breakpoint
CREATE INDEX invites_candidate ON invites (organization_id, candidate_id, id DESC);
--> statement-breakpoint
CREATE INDEX invites_status ON invites (organization_id, status, id DESC);
--> statement-breakpoint
CREATE INDEX invites_due ON invites (organization_id, expires_at) WHERE status = 'pending';
--> statement-breakpoint

-- Every token that an invite ever had, as SHA-256; looked up before the organization is known. One that was replaced or
-- used stays, so that the organization's log can say why it was refused.
CREATE TABLE invite_tokens (
	hash bytea PRIMARY KEY,
	organization_id text COLLATE "C" NOT NULL,
	invite_id text COLLATE "C" NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	used_at timestamptz(3),
	replaced_at timestamptz(3),
	FOREIGN KEY (organization_id, invite_id) REFERENCES invites (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
-- One of them can be used.
CREATE UNIQUE INDEX invite_tokens_open ON invite_tokens (organization_id, invite_id)
	WHERE used_at IS NULL AND replaced_at IS NULL;
--> statement-breakpoint
CREATE INDEX invite_tokens_invite ON invite_tokens (organization_id, invite_id);
--> statement-breakpoint

CREATE TABLE interviews (
	organization_id text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	campaign_id text COLLATE "C" NOT NULL,
	candidate_id text COLLATE "C" NOT NULL,
	invite_id text COLLATE "C" NOT NULL,
	status text NOT NULL DEFAULT 'created',
	title text NOT NULL,
	-- As they were when the interview began: who edits a campaign does not change what a candidate was asked.
	language text NOT NULL,
	questions jsonb NOT NULL,
	started_at timestamptz(3),
	completed_at timestamptz(3),
	-- The last sign of life of the candidate's browser.
	active_at timestamptz(3) NOT NULL,
	-- Time that the candidate was at it.
	active_ms double precision NOT NULL DEFAULT 0,
	created_at timestamptz(3) NOT NULL,
	PRIMARY KEY (organization_id, id),
	CONSTRAINT interviews_invite UNIQUE (organization_id, invite_id),
	FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE CASCADE,
	FOREIGN KEY (organization_id, candidate_id) REFERENCES candidates (organization_id, id) ON DELETE CASCADE,
	FOREIGN KEY (organization_id, invite_id) REFERENCES invites (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT interviews_status CHECK (status IN ('created', 'in_progress', 'paused', 'completed', 'abandoned'))
);
--> statement-breakpoint
CREATE INDEX interviews_campaign ON interviews (organization_id, campaign_id, id DESC);
--> statement-breakpoint
CREATE INDEX interviews_candidate ON interviews (organization_id, candidate_id, id DESC);
--> statement-breakpoint
CREATE INDEX interviews_status ON interviews (organization_id, status, id DESC);
--> statement-breakpoint
CREATE INDEX interviews_silent ON interviews (organization_id, active_at) WHERE status IN ('created', 'in_progress', 'paused');
--> statement-breakpoint

-- What invites were exchanged for: the SHA-256 of each session token. One of an interview is open.
CREATE TABLE interview_sessions (
	hash bytea PRIMARY KEY,
	organization_id text COLLATE "C" NOT NULL,
	interview_id text COLLATE "C" NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	ended_at timestamptz(3),
	FOREIGN KEY (organization_id, interview_id) REFERENCES interviews (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
CREATE UNIQUE INDEX interview_sessions_open ON interview_sessions (organization_id, interview_id) WHERE ended_at IS NULL;
--> statement-breakpoint
CREATE INDEX interview_sessions_interview ON interview_sessions (organization_id, interview_id);
--> statement-breakpoint

CREATE TABLE answers (
	organization_id text COLLATE "C" NOT NULL,
	interview_id text COLLATE "C" NOT NULL,
	question_id text COLLATE "C" NOT NULL,
	kind text NOT NULL,
	text text,
	choice text,
	-- A recording; the table of files refers to it by a key of its own.
	file_id text COLLATE "C",
	duration_seconds integer,
	answered_at timestamptz(3) NOT NULL,
	PRIMARY KEY (organization_id, interview_id, question_id),
	FOREIGN KEY (organization_id, interview_id) REFERENCES interviews (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT answers_kind CHECK (kind IN ('text', 'audio', 'video', 'choice'))
);
--> statement-breakpoint
CREATE INDEX answers_file ON answers (organization_id, file_id) WHERE file_id IS NOT NULL;
--> statement-breakpoint
-- Files of more than a hundred candidates, worked through by a job. What is left to do is a list of people: it goes as
-- soon as it is done, and the results go a day later.
CREATE TABLE invite_bulks (
	organization_id text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	campaign_id text COLLATE "C" NOT NULL,
	status text NOT NULL DEFAULT 'queued',
	options jsonb NOT NULL,
	rows jsonb,
	results jsonb NOT NULL DEFAULT '[]',
	total integer NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	completed_at timestamptz(3),
	PRIMARY KEY (organization_id, id),
	FOREIGN KEY (organization_id, campaign_id) REFERENCES campaigns (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT invite_bulks_status CHECK (status IN ('queued', 'running', 'completed')),
	CONSTRAINT invite_bulks_rows CHECK ((rows IS NULL) = (completed_at IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX invite_bulks_completed ON invite_bulks (completed_at) WHERE completed_at IS NOT NULL;
--> statement-breakpoint
-- A browser's preflight says which origin asks, and not whose interview it is about.
CREATE INDEX organizations_origins ON organizations USING gin (allowed_origins);
--> statement-breakpoint
SELECT enable_tenancy(name::regclass) FROM unnest(ARRAY[
	'candidates', 'invites', 'invite_tokens', 'interviews', 'interview_sessions', 'answers', 'invite_bulks'
]) AS name;
