-- Which browser used an invite's token, so that the same browser, and no other one, can come back by the same link.
ALTER TABLE invite_tokens ADD COLUMN browser_hash bytea;
