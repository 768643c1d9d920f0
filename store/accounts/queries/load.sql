-- The token of a kind of a person's account at a provider; one row where there is an account.
-- $1: issuer, $2: subject, $3: provider, $4: kind, '' for the main one.
SELECT a.provider, a.status, coalesce(a.status_reason, ''), coalesce(t.id::text, ''), a.id::text, coalesce(t.version, 0),
	coalesce(t.kind, ''), coalesce(t.token_type, ''), coalesce(t.access_token, ''), t.refresh_token, t.scope, t.expires_at,
	t.refresh_started_at, coalesce(t.refresh_attempt::text, '')
FROM fluxmcp.users u
JOIN fluxmcp.oauth_accounts a ON a.user_id = u.id
LEFT JOIN fluxmcp.oauth_tokens t ON t.account_id = a.id AND t.kind = CASE WHEN $4 = '' THEN a.main_kind ELSE $4 END
WHERE u.issuer = $1 AND u.subject = $2 AND a.provider = $3
