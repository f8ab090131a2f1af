-- Proves which ENCRYPTION_KEY seals the secrets of this environment. A start with another key is refused.
CREATE TABLE IF NOT EXISTS encryption_canary (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	-- A known text, sealed with the key.
	sealed bytea NOT NULL,
	created_at timestamptz(3) NOT NULL DEFAULT now()
);
