-- Takes a state, once, where everything that is brought for it fits. Of those
-- who wait for its lock all but the first find it used and get nothing.
-- $1 digest, $2 provider, $3 redirect URI, $4 digest of the browser's cookie or null, $5 whether a bearer token proves
-- who it is, $6 whether it is a decision, $7 and $8 issuers and subjects of those who are proved, of whom all must be its person.
-- Row: the state as it was. None: nothing is taken, nothing changed.
WITH found AS (
	SELECT s.id, s.ticket_id, s.code_verifier, s.pending_grant, u.issuer, u.subject, u.email
	FROM fluxmcp.oauth_state_tokens s JOIN fluxmcp.users u ON u.id = s.user_id
	WHERE s.state_hash = $1::bytea AND s.used_at IS NULL AND s.expires_at > now()
		AND s.provider = $2 AND s.redirect_uri = $3 AND s.holding = $6::boolean
		AND (s.cookie_hash = $4::bytea OR $4::bytea IS NULL AND s.bearer AND $5::boolean)
		AND (pg_catalog.cardinality($7::text[]) > 0 OR NOT $5::boolean)
		AND NOT EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest($7::text[]), pg_catalog.unnest($8::text[])) AS p(issuer, subject)
			WHERE (p.issuer, p.subject) IS DISTINCT FROM (u.issuer, u.subject))
	FOR UPDATE OF s
)
UPDATE fluxmcp.oauth_state_tokens s SET used_at = now(), code_verifier = NULL, pending_grant = NULL
FROM found f WHERE s.id = f.id AND s.used_at IS NULL
RETURNING s.id::text, coalesce(s.ticket_id::text, ''), s.state_hash, s.cookie_hash, s.bearer,
	f.issuer, f.subject, coalesce(f.email, ''), s.provider, s.redirect_uri, s.scope, s.client, s.holding,
	false, false, f.code_verifier, f.pending_grant
