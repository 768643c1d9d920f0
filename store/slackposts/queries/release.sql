-- Frees a key.
-- $1 issuer, $2 subject, $3 account, $4 digest of the key, $5 when the attempt began or null.
DELETE FROM fluxmcp.slack_posts
WHERE user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2) AND account = $3 AND key_hash = $4::bytea
	AND ($5::timestamptz IS NULL OR attempted_at = $5::timestamptz)
