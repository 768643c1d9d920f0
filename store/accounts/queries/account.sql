-- Writes an account. The row of the same id, where there is one, is the same
-- account at the provider, so that what is known of its use stays.
-- $1: id, $2: user, $3: provider, $4: main kind, $5: id, $6: name and $7: address there, $8: metadata, $9: scopes, $10: client.
INSERT INTO fluxmcp.oauth_accounts (id, user_id, provider, main_kind, provider_user_id, provider_username, provider_email,
	provider_metadata, scope, client)
VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, nullif($7, ''), $8::jsonb, $9::text[], nullif($10, ''))
ON CONFLICT (id) DO UPDATE SET status = 'active', status_reason = NULL, main_kind = excluded.main_kind,
	provider_username = excluded.provider_username, provider_email = excluded.provider_email,
	provider_metadata = excluded.provider_metadata, scope = excluded.scope, client = excluded.client,
	connected_at = now(), updated_at = now()
