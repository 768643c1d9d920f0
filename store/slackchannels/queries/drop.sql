-- Deletes all lists of a person, or those of one account. Rows are locked in the
-- order of their ids, so that two who do it never wait for each other.
-- $1 issuer, $2 subject, $3 account; null: all.
DELETE FROM fluxmcp.slack_channels_cache WHERE id IN (
	SELECT c.id FROM fluxmcp.slack_channels_cache c JOIN fluxmcp.users u ON u.id = c.user_id
	WHERE u.issuer = $1 AND u.subject = $2 AND ($3::text IS NULL OR c.account = $3::text) ORDER BY c.id FOR UPDATE OF c)
