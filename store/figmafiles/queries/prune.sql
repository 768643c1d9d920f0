-- Deletes files of a person until at most so many are left: the expired ones,
-- then those that were not used for the longest time. Rows that somebody else
-- has locked are left out: they are being used or deleted at this moment.
-- $1 user, $2 how many may stay.
DELETE FROM fluxmcp.figma_files_cache WHERE id IN (
	SELECT id FROM fluxmcp.figma_files_cache WHERE id IN (
		SELECT id FROM fluxmcp.figma_files_cache WHERE user_id = $1::uuid
		ORDER BY cache_expires_at > now() DESC, used_at DESC, cached_at DESC, id OFFSET $2::bigint)
	FOR UPDATE SKIP LOCKED)
