-- Notes that accounts were used, once a minute each. Rows that somebody else is
-- writing are left out: what is written there is as new.
-- $1: ids.
UPDATE fluxmcp.oauth_accounts SET last_used_at = now()
WHERE id IN (
	SELECT a.id FROM fluxmcp.oauth_accounts a
	WHERE a.id = ANY ($1::uuid[]) AND (a.last_used_at IS NULL OR a.last_used_at < now() - interval '1 minute')
	FOR NO KEY UPDATE SKIP LOCKED)
