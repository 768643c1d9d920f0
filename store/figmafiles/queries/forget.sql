-- Deletes all files of a person.
-- $1 issuer, $2 subject.
DELETE FROM fluxmcp.figma_files_cache WHERE id IN (
	SELECT f.id FROM fluxmcp.figma_files_cache f JOIN fluxmcp.users u ON u.id = f.user_id
	WHERE u.issuer = $1 AND u.subject = $2 ORDER BY f.id FOR UPDATE OF f)
