-- A file of a person, and notes that it was used, once a minute. A row that
-- somebody else is writing is read as it was, and needs no note.
-- $1 issuer, $2 subject, $3 account, $4 file, $5 most bytes of sealed content.
-- Row: its id, stamp, content (null where it is larger) and since when it is there.
WITH found AS (
	SELECT f.id, f.stamp, f.content, f.cached_at, f.used_at
	FROM fluxmcp.figma_files_cache f JOIN fluxmcp.users u ON u.id = f.user_id
	WHERE u.issuer = $1 AND u.subject = $2 AND f.account = $3 AND f.file_key = $4 AND f.cache_expires_at > now()
), noted AS (
	UPDATE fluxmcp.figma_files_cache f SET used_at = now()
	WHERE f.id IN (
		SELECT n.id FROM fluxmcp.figma_files_cache n
		WHERE n.id IN (SELECT id FROM found WHERE used_at < now() - interval '1 minute')
		FOR NO KEY UPDATE SKIP LOCKED)
)
SELECT id::text, stamp, CASE WHEN pg_catalog.octet_length(content) <= $5::bigint THEN content END, cached_at FROM found
