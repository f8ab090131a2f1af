-- Files: résumés of candidates, recordings of interviews. The bytes are elsewhere, under a key made of both ids.
-- A row is written before its bytes, as `uploading`, and says until when somebody is at work on it: what a crash leaves
-- is found by its row.
CREATE TABLE files (
	organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
	id text COLLATE "C" NOT NULL,
	candidate_id text COLLATE "C" NOT NULL,
	interview_id text COLLATE "C",
	question_id text,
	state text NOT NULL CONSTRAINT files_state CHECK (state IN ('uploading', 'stored')),
	name text NOT NULL,
	content_type text,
	size_bytes integer,
	sha256 bytea,
	lease_until timestamptz(3),
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, id),
	FOREIGN KEY (organization_id, candidate_id) REFERENCES candidates (organization_id, id) ON DELETE CASCADE,
	FOREIGN KEY (organization_id, interview_id) REFERENCES interviews (organization_id, id) ON DELETE CASCADE,
	CONSTRAINT files_whole CHECK (
		CASE state WHEN 'stored' THEN content_type IS NOT NULL AND size_bytes IS NOT NULL AND sha256 IS NOT NULL
		ELSE lease_until IS NOT NULL END),
	CONSTRAINT files_answer CHECK ((interview_id IS NULL) = (question_id IS NULL))
);
--> statement-breakpoint
-- A link to the content names the file alone.
CREATE UNIQUE INDEX files_id ON files (id);
--> statement-breakpoint
CREATE INDEX files_candidate ON files (organization_id, candidate_id, id DESC);
--> statement-breakpoint
CREATE INDEX files_interview ON files (organization_id, interview_id, question_id) WHERE interview_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX files_lease ON files (lease_until) WHERE state = 'uploading';
--> statement-breakpoint
SELECT enable_tenancy('files');
--> statement-breakpoint

-- Bytes that nobody refers to any more, to be removed once the transaction that took their row away has committed.
-- Whatever deletes the row, a candidate's or an organization's erasure too, comes past the trigger.
CREATE TABLE file_removals (
	organization_id text COLLATE "C" NOT NULL,
	file_id text COLLATE "C" NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, file_id)
);
--> statement-breakpoint
SELECT enable_tenancy('file_removals');
--> statement-breakpoint
-- SECURITY DEFINER: which role a cascade's trigger runs in is PostgreSQL's affair; not FORCE, as its owner writes here.
ALTER TABLE file_removals NO FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE FUNCTION note_file_removal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO file_removals (organization_id, file_id) VALUES (OLD.organization_id, OLD.id);
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER note_removal AFTER DELETE ON files FOR EACH ROW EXECUTE FUNCTION note_file_removal();
--> statement-breakpoint
DO $$
BEGIN
	-- Without a fixed search_path a caller could put a table of its own in the way of a SECURITY DEFINER function.
	EXECUTE format('ALTER FUNCTION note_file_removal SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION note_file_removal FROM PUBLIC;
	EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON file_removals FROM %I', 'anteroom_' || current_schema() || '_tenant');
	EXECUTE format('REVOKE INSERT ON file_removals FROM %I', 'anteroom_' || current_schema() || '_system');
END
$$;
--> statement-breakpoint
-- A recording may go before its answer (retention); an answer never names a file that is not there.
ALTER TABLE answers ADD CONSTRAINT answers_file_fk FOREIGN KEY (organization_id, file_id)
	REFERENCES files (organization_id, id) ON DELETE SET NULL (file_id);
