-- Claims a key that is free: nobody has claimed it, or the claim has expired.
-- $1 issuer, $2 subject, $3 account, $4 digest of the key, $5 digest of what is posted.
-- Row: the claim. None: it is not free; its row is locked nevertheless, so that
-- it is there for the next statement of the transaction.
-- Source: https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
INSERT INTO fluxmcp.slack_posts AS p (user_id, account, key_hash, digest)
SELECT id, $3, $4::bytea, $5 FROM fluxmcp.users WHERE issuer = $1 AND subject = $2
ON CONFLICT (user_id, account, key_hash) DO UPDATE SET (digest, status, channel, ts, ref, attempted_at, created_at, expires_at)
	= (excluded.digest, excluded.status, excluded.channel, excluded.ts, excluded.ref,
		greatest(pg_catalog.clock_timestamp(), p.attempted_at + interval '1 microsecond'), excluded.created_at, excluded.expires_at)
	WHERE p.expires_at <= pg_catalog.clock_timestamp()
RETURNING true, digest, status, channel, ts, ref, attempted_at, pg_catalog.clock_timestamp()
