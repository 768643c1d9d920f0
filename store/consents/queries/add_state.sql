-- Stores a state, and its person where they are new.
-- $1 issuer, $2 subject, $3 address or '', $4 id, $5 ticket or '', $6 provider, $7 digest, $8 digest of the cookie,
-- $9 bearer, $10 redirect URI, $11 scopes, $12 client, $13 sealed verifier or null, $14 sealed grant or null, $15 life.
WITH person AS (
	INSERT INTO fluxmcp.users AS u (issuer, subject, email) VALUES ($1, $2, nullif($3, ''))
	ON CONFLICT (issuer, subject) DO UPDATE SET email = coalesce(EXCLUDED.email, u.email)
	RETURNING id
)
INSERT INTO fluxmcp.oauth_state_tokens (id, ticket_id, user_id, provider, state_hash, cookie_hash, bearer, redirect_uri, scope, client,
	code_verifier, holding, pending_grant, expires_at)
SELECT $4::uuid, (SELECT t.id FROM fluxmcp.connect_tickets t WHERE t.id = nullif($5, '')::uuid), person.id, $6, $7::bytea, $8::bytea, $9::boolean, $10,
	$11::text[], $12, $13::bytea, $14::bytea IS NOT NULL, $14::bytea, now() + $15::interval
FROM person
