-- Tokens of an account that no other account has as well, the main one first:
-- a token of the app in a team can be the same for several people of the team.
-- $1: id of the account.
SELECT a.provider, a.status, coalesce(a.status_reason, ''), t.id::text, a.id::text, t.version,
	t.kind, t.token_type, t.access_token, t.refresh_token, t.scope, t.expires_at,
	t.refresh_started_at, coalesce(t.refresh_attempt::text, '')
FROM fluxmcp.oauth_tokens t
JOIN fluxmcp.oauth_accounts a ON a.id = t.account_id
WHERE a.id = $1::uuid
	AND NOT EXISTS (SELECT FROM fluxmcp.oauth_tokens o JOIN fluxmcp.oauth_accounts oa ON oa.id = o.account_id
		WHERE o.access_digest = t.access_digest AND o.account_id <> t.account_id AND oa.provider = a.provider AND oa.status <> 'disconnecting')
ORDER BY t.kind <> a.main_kind, t.kind
