-- revocation
SELECT;
