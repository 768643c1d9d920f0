-- Compares a code with a ticket's, and counts it where it is wrong.
-- $1 id, $2 digest of the code, or null for an opening by somebody else, $3 how often is too often.
-- Row: whether it is right, and how many more the ticket bears. None: it bears none, or there is no such ticket.
UPDATE fluxmcp.connect_tickets SET
	wrong_codes = wrong_codes + CASE WHEN $2::bytea IS NOT NULL AND code_hash IS DISTINCT FROM $2::bytea THEN 1 ELSE 0 END,
	foreign_opens = foreign_opens + CASE WHEN $2::bytea IS NULL THEN 1 ELSE 0 END,
	updated_at = now()
WHERE id = $1::uuid AND wrong_codes < $3::integer AND foreign_opens < $3::integer
RETURNING coalesce(code_hash = $2::bytea, false), $3::integer - CASE WHEN $2::bytea IS NULL THEN foreign_opens ELSE wrong_codes END
