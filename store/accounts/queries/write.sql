-- Writes a token of a new consent.
-- $1: id, $2: account, $3: kind, $4: access and $5: refresh token, $6: digest, $7: key, $8: version, $9: type, $10: scopes, $11: expiry.
INSERT INTO fluxmcp.oauth_tokens (id, account_id, kind, access_token, refresh_token, access_digest, key_id, version, token_type, scope, expires_at)
VALUES ($1::uuid, $2::uuid, $3, $4::bytea, $5::bytea, $6::bytea, $7, $8, $9, $10::text[], $11::timestamptz)
ON CONFLICT (id) DO UPDATE SET access_token = excluded.access_token, refresh_token = excluded.refresh_token,
	access_digest = excluded.access_digest, key_id = excluded.key_id, version = excluded.version, token_type = excluded.token_type,
	scope = excluded.scope, expires_at = excluded.expires_at, refresh_started_at = NULL, refresh_attempt = NULL, updated_at = now()
