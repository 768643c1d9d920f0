-- Stores a renewed token in place of the version it was made from, or finds
-- that it is stored already: a COMMIT may have arrived whose answer did not.
-- $1: id, $2: version before, $3: access and $4: refresh token, $5: digest, $6: key, $7: version, $8: type, $9: scopes, $10: expiry.
UPDATE fluxmcp.oauth_tokens t SET access_token = $3::bytea, refresh_token = $4::bytea, access_digest = $5::bytea, key_id = $6, version = $7,
	token_type = $8, scope = $9::text[], expires_at = $10::timestamptz, refresh_started_at = NULL, refresh_attempt = NULL, updated_at = now()
FROM fluxmcp.oauth_accounts a
WHERE t.id = $1::uuid AND a.id = t.account_id AND (t.version = $2 OR t.version = $7 AND t.access_token = $3::bytea)
RETURNING a.provider, a.status, coalesce(a.status_reason, '')
