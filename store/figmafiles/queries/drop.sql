-- Deletes a file of everybody, some rows at a time: large contents take long.
-- Rows are locked in the order of their ids, as everywhere in this package.
-- $1 file, $2 most rows.
DELETE FROM fluxmcp.figma_files_cache WHERE id IN (
	SELECT id FROM fluxmcp.figma_files_cache WHERE file_key = $1 ORDER BY id LIMIT $2::bigint FOR UPDATE)
