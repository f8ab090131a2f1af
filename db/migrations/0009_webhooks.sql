-- webhooks
SELECT;
