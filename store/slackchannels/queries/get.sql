-- A list of a person.
-- $1 issuer, $2 subject, $3 account, $4 part, $5 most bytes of sealed content.
-- Row: its id, no stamp, its content (null where it is larger) and since when it is there.
SELECT c.id::text, '', CASE WHEN pg_catalog.octet_length(c.content) <= $5::bigint THEN c.content END, c.cached_at
FROM fluxmcp.slack_channels_cache c JOIN fluxmcp.users u ON u.id = c.user_id
WHERE u.issuer = $1 AND u.subject = $2 AND c.account = $3 AND c.part = $4 AND c.cache_expires_at > now()
