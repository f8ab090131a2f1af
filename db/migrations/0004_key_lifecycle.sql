-- key_lifecycle
SELECT;
