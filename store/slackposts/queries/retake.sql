-- Begins another attempt, unless somebody else has begun one meanwhile. Of those
-- who wait for the row's lock all but the first find another attempt and get nothing.
-- $1 issuer, $2 subject, $3 account, $4 digest of the key, $5 when the last attempt began.
-- Row: the claim. None: it is another attempt by now, posted, or not there.
UPDATE fluxmcp.slack_posts SET status = 'pending',
	attempted_at = greatest(pg_catalog.clock_timestamp(), attempted_at + interval '1 microsecond'),
	expires_at = greatest(expires_at, pg_catalog.clock_timestamp() + interval '24 hours')
WHERE user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2) AND account = $3 AND key_hash = $4::bytea
	AND status <> 'posted' AND attempted_at = $5::timestamptz
RETURNING true, digest, status, channel, ts, ref, attempted_at, pg_catalog.clock_timestamp()
