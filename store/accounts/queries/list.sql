-- Accounts, by provider and then by whose they are.
-- $1: whether all of them, $2: issuer and $3: subject of the person where not.
SELECT a.id::text, a.provider, a.status, coalesce(a.status_reason, ''), u.issuer, u.subject, coalesce(u.email, ''),
	a.provider_user_id, a.provider_username, coalesce(a.provider_email, ''), a.provider_metadata, a.scope, coalesce(a.client, ''),
	a.connected_at, a.last_used_at, a.updated_at, t.expires_at
FROM fluxmcp.oauth_accounts a
JOIN fluxmcp.users u ON u.id = a.user_id
LEFT JOIN fluxmcp.oauth_tokens t ON t.account_id = a.id AND t.kind = a.main_kind
WHERE $1::boolean OR u.issuer = $2 AND u.subject = $3
ORDER BY a.provider, coalesce(nullif(u.email, ''), u.subject), u.issuer, u.subject
