-- Stores a ticket, and its person where they are new.
-- $1 issuer, $2 subject, $3 address or '', $4 id, $5 provider or '', $6 digest, $7 digest of the code or null,
-- $8 scopes, $9 client, $10 life.
-- Row: when it expires.
WITH person AS (
	INSERT INTO fluxmcp.users AS u (issuer, subject, email) VALUES ($1, $2, nullif($3, ''))
	ON CONFLICT (issuer, subject) DO UPDATE SET email = coalesce(EXCLUDED.email, u.email)
	RETURNING id
)
INSERT INTO fluxmcp.connect_tickets (id, user_id, provider, ticket_hash, code_hash, scope, client, expires_at)
SELECT $4::uuid, person.id, nullif($5, ''), $6::bytea, $7::bytea, $8::text[], $9, now() + $10::interval FROM person
RETURNING expires_at
