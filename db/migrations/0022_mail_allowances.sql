-- Token buckets that limit e-mail by mailbox and by sender. A bucket is the SHA-256 of what it is for.
CREATE TABLE IF NOT EXISTS mail_allowances (
	bucket bytea PRIMARY KEY,
	level double precision NOT NULL,
	changed_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS mail_allowances_changed_at ON mail_allowances (changed_at);
--> statement-breakpoint
-- Takes one message from a bucket. The answer is 0, or the seconds until the next message may be sent.
CREATE OR REPLACE FUNCTION take_mail_allowance(wanted bytea, capacity double precision, seconds_each double precision)
RETURNS double precision LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	filled double precision;
BEGIN
	INSERT INTO mail_allowances AS known (bucket, level) VALUES (wanted, capacity) ON CONFLICT (bucket) DO UPDATE
		SET level = least(capacity,
				known.level + extract(epoch FROM clock_timestamp() - known.changed_at) / seconds_each),
			changed_at = clock_timestamp()
		RETURNING level INTO filled;
	IF filled < 1 THEN
		RETURN (1 - filled) * seconds_each;
	END IF;
	UPDATE mail_allowances SET level = filled - 1 WHERE bucket = wanted;
	RETURN 0;
END
$$;
--> statement-breakpoint
DO $$
DECLARE
	tenant text := 'anteroom_' || current_schema() || '_tenant';
	system text := 'anteroom_' || current_schema() || '_system';
BEGIN
	EXECUTE format('ALTER FUNCTION take_mail_allowance SET search_path = %I, pg_temp', current_schema());
	REVOKE ALL ON FUNCTION take_mail_allowance FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION take_mail_allowance TO %I, %I', tenant, system);
	EXECUTE format('GRANT SELECT, DELETE ON mail_allowances TO %I', system);
END
$$;
