-- Writes a file of a person, over what was there of it.
-- $1 user, $2 account, $3 file, $4 stamp, $5 name, $6 sealed content, $7 size, $8 life.
INSERT INTO fluxmcp.figma_files_cache (user_id, account, file_key, stamp, file_name, content, size, cache_expires_at)
VALUES ($1::uuid, $2, $3, $4, $5, $6::bytea, $7::integer, now() + $8::interval)
ON CONFLICT (user_id, file_key, account) DO UPDATE SET stamp = excluded.stamp, file_name = excluded.file_name,
	content = excluded.content, size = excluded.size, cached_at = excluded.cached_at,
	cache_expires_at = excluded.cache_expires_at, used_at = excluded.used_at
