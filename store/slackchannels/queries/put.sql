-- Writes a list of a person, over what was there of it.
-- $1 user, $2 account, $3 part, $4 sealed content, $5 size, $6 life.
INSERT INTO fluxmcp.slack_channels_cache (user_id, account, part, content, size, cache_expires_at)
VALUES ($1::uuid, $2, $3, $4::bytea, $5::integer, now() + $6::interval)
ON CONFLICT (user_id, account, part) DO UPDATE SET
	content = excluded.content, size = excluded.size, cached_at = excluded.cached_at, cache_expires_at = excluded.cache_expires_at
