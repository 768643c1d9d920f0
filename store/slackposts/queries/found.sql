-- A claim as it is.
-- $1 issuer, $2 subject, $3 account, $4 digest of the key.
SELECT false, digest, status, channel, ts, ref, attempted_at, pg_catalog.clock_timestamp() FROM fluxmcp.slack_posts
WHERE user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2) AND account = $3 AND key_hash = $4::bytea
