-- A recording is stored in a container that states its duration: its bytes differ from those that were sent, and a client
-- that resumes an upload asks how many it has sent.
ALTER TABLE files ADD COLUMN uploaded_bytes integer;
