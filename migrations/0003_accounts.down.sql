DROP TABLE IF EXISTS fluxmcp.oauth_tokens;
DROP TABLE IF EXISTS fluxmcp.oauth_accounts;
DROP TABLE IF EXISTS fluxmcp.vault_keys;
