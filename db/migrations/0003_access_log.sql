-- access_log
SELECT;
