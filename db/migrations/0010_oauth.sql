-- oauth
SELECT;
