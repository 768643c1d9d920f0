-- Deletes the oldest lists of a person until at most so many are left. Rows that
-- somebody else has locked are left out: they are being deleted at this moment.
-- $1 user, $2 how many may stay.
DELETE FROM fluxmcp.slack_channels_cache WHERE id IN (
	SELECT id FROM fluxmcp.slack_channels_cache WHERE id IN (
		SELECT id FROM fluxmcp.slack_channels_cache WHERE user_id = $1::uuid
		ORDER BY cached_at DESC, id OFFSET $2::bigint)
	FOR UPDATE SKIP LOCKED)
