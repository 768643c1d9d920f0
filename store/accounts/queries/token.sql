-- A token by its row. $1: id.
SELECT a.provider, a.status, coalesce(a.status_reason, ''), t.id::text, a.id::text, t.version,
	t.kind, t.token_type, t.access_token, t.refresh_token, t.scope, t.expires_at,
	t.refresh_started_at, coalesce(t.refresh_attempt::text, '')
FROM fluxmcp.oauth_tokens t
JOIN fluxmcp.oauth_accounts a ON a.id = t.account_id
WHERE t.id = $1::uuid
