-- Writes a file of a person, over what was there of it.
-- $1 user, $2 account, $3 file, $4 sealed content, $5 size, $6 life, $7 stamp, $8 name.
INSERT INTO fluxmcp.figma_files_cache (user_id, account, file_key, content, size, cache_expires_at, stamp, file_name)
VALUES ($1::uuid, $2, $3, $4::bytea, $5::integer, now() + $6::interval, $7, $8)
ON CONFLICT (user_id, file_key, account) DO UPDATE SET stamp = excluded.stamp, file_name = excluded.file_name,
	content = excluded.content, size = excluded.size, cached_at = excluded.cached_at,
	cache_expires_at = excluded.cache_expires_at, used_at = excluded.used_at
