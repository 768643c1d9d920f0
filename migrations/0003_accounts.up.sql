-- Accounts that people have connected at providers, and the tokens that came
-- with them. Tokens are sealed: each is bound to its row, column and version,
-- so that a ciphertext which is copied elsewhere, or put back later, cannot be
-- opened. The keys are not in the database; the ids here only name them.
CREATE TABLE fluxmcp.oauth_accounts (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id                 uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    provider                text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9_]{0,49}$'),
    status                  text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'needs_reconnect', 'disconnecting')),
    status_reason           text,
    main_kind               text NOT NULL CHECK (main_kind <> ''),
    provider_user_id        text NOT NULL CHECK (provider_user_id <> ''),
    provider_username       text NOT NULL,
    provider_email          text,
    provider_metadata       jsonb NOT NULL DEFAULT '{}',
    scope                   text[] NOT NULL DEFAULT '{}',
    client                  text,
    connected_at            timestamptz NOT NULL DEFAULT now(),
    last_used_at            timestamptz,
    disconnect_requested_at timestamptz,
    updated_at              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, provider),
    CHECK ((status = 'disconnecting') = (disconnect_requested_at IS NOT NULL))
);

-- Who else has connected the same account.
CREATE INDEX oauth_accounts_provider_user_idx ON fluxmcp.oauth_accounts (provider, provider_user_id);
CREATE INDEX oauth_accounts_disconnecting_idx ON fluxmcp.oauth_accounts (disconnect_requested_at) WHERE status = 'disconnecting';

CREATE TABLE fluxmcp.oauth_tokens (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id         uuid NOT NULL REFERENCES fluxmcp.oauth_accounts (id) ON DELETE CASCADE,
    kind               text NOT NULL CHECK (kind <> ''),
    access_token       bytea NOT NULL,
    refresh_token      bytea,
    access_digest      bytea NOT NULL,
    key_id             bigint NOT NULL,
    version            bigint NOT NULL CHECK (version > 0),
    token_type         text NOT NULL DEFAULT '',
    scope              text[],
    expires_at         timestamptz,
    refresh_started_at timestamptz,
    refresh_attempt    uuid,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, kind),
    CHECK ((refresh_started_at IS NULL) = (refresh_attempt IS NULL))
);

CREATE INDEX oauth_tokens_expires_idx ON fluxmcp.oauth_tokens (expires_at) WHERE refresh_token IS NOT NULL;
CREATE INDEX oauth_tokens_key_idx ON fluxmcp.oauth_tokens (key_id, id);
CREATE INDEX oauth_tokens_access_digest_idx ON fluxmcp.oauth_tokens (access_digest);

CREATE TABLE fluxmcp.vault_keys (
    key_id     bigint PRIMARY KEY,
    canary     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

REVOKE ALL ON fluxmcp.oauth_accounts, fluxmcp.oauth_tokens, fluxmcp.vault_keys FROM PUBLIC;

COMMENT ON TABLE fluxmcp.oauth_accounts IS 'Accounts at providers, at most one for each person and provider.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.provider IS 'Name of the provider, such as figma.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.status IS 'active; needs_reconnect: the tokens are of no use any more; disconnecting: the person has disconnected it, the tokens wait to be revoked and deleted.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.status_reason IS 'Why it must be connected again, such as refused, interrupted or connected_elsewhere.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.main_kind IS 'Kind of the token that is meant where none is named.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.provider_user_id IS 'Who it is at the provider: stable there.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.provider_username IS 'Who it is, for people.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.provider_metadata IS 'Texts that the provider gave with the tokens, such as team.id.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.scope IS 'Permissions as granted.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.client IS 'Program in which the person was when they connected it.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.last_used_at IS 'When a token was last used, to within a minute or so.';
COMMENT ON COLUMN fluxmcp.oauth_accounts.disconnect_requested_at IS 'Since when it is disconnecting.';
COMMENT ON TABLE fluxmcp.oauth_tokens IS 'Tokens of accounts, sealed: one for each kind that a consent gave.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.kind IS 'user: acts as the person; bot: acts as the app in the person''s team.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.access_token IS 'Sealed for this row, column and version.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.refresh_token IS 'Sealed likewise; null: the provider gave none.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.access_digest IS 'SHA-256 of the access token under a label, to find out whether other accounts have the same one.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.key_id IS 'Id of the key that both tokens are sealed with.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.version IS 'Rises by one with every new token; not when the same one is sealed with another key.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.token_type IS 'As in the Authorization header; empty: Bearer.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.scope IS 'Permissions of this token; null: the provider does not say.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.expires_at IS 'When the access token expires; null: never.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.refresh_started_at IS 'When a refresh began whose end is not known yet; long after that, its process has died or the answer of the provider was lost.';
COMMENT ON COLUMN fluxmcp.oauth_tokens.refresh_attempt IS 'Which attempt that is.';
COMMENT ON TABLE fluxmcp.vault_keys IS 'A known text sealed with each key that was ever in use, which proves at start that a key is the right one.';
COMMENT ON COLUMN fluxmcp.vault_keys.key_id IS 'Follows from the key and tells nothing of it.';
COMMENT ON COLUMN fluxmcp.vault_keys.canary IS 'The known text, sealed.';
