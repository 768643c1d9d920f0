-- Writes down what became of an attempt. What is posted stays as it is.
-- $1 issuer, $2 subject, $3 account, $4 digest of the key, $5 when the attempt began or null,
-- $6 status, $7 channel or '', $8 ts or '', $9 ref or '', $10 how long it stays, or nothing.
UPDATE fluxmcp.slack_posts SET status = $6,
	channel = coalesce(nullif($7, ''), channel), ts = coalesce(nullif($8, ''), ts), ref = coalesce(nullif($9, ''), ref),
	expires_at = CASE WHEN $10::interval > interval '0' THEN pg_catalog.clock_timestamp() + $10::interval ELSE expires_at END
WHERE user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2) AND account = $3 AND key_hash = $4::bytea
	AND status <> 'posted' AND ($5::timestamptz IS NULL OR attempted_at = $5::timestamptz)
