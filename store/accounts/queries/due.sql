-- Tokens that can be refreshed and expire soon, the soonest first.
-- $1: before when, $2: limit.
SELECT u.issuer, u.subject, coalesce(u.email, ''), a.provider, t.kind
FROM fluxmcp.oauth_tokens t
JOIN fluxmcp.oauth_accounts a ON a.id = t.account_id
JOIN fluxmcp.users u ON u.id = a.user_id
WHERE t.refresh_token IS NOT NULL AND t.expires_at < $1::timestamptz AND a.status = 'active'
ORDER BY t.expires_at, t.id
LIMIT $2::bigint
