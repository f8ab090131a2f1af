-- What a session's use writes gets a row of its own. A write locks the presented session's row in share mode
-- (docs/revocation.md); noting a use must not wait for that lock, nor hold it up.
CREATE TABLE session_uses (
	organization_id text COLLATE "C" NOT NULL,
	session_id text COLLATE "C" NOT NULL,
	last_used_at timestamptz(3) NOT NULL DEFAULT now(),
	authenticated_at timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (organization_id, session_id),
	FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
SELECT enable_tenancy('session_uses');
--> statement-breakpoint
-- The two columns stay in sessions for processes of the version before, which still write them. Nothing reads them now.
INSERT INTO session_uses (organization_id, session_id, last_used_at, authenticated_at)
SELECT organization_id, id, last_used_at, authenticated_at FROM sessions;
