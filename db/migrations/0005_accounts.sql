-- accounts
SELECT;
