-- How people connect accounts: tickets, which are links that a person opens,
-- and states, which a browser takes to a provider and back. Of everything that
-- is only compared there is a SHA-256 digest, of everything that must be read
-- again a ciphertext. Rows of both tables may be deleted once expires_at is past.
CREATE TABLE fluxmcp.connect_tickets (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    provider       text CHECK (provider ~ '^[a-z][a-z0-9_]{0,49}$'),
    ticket_hash    bytea NOT NULL UNIQUE CHECK (octet_length(ticket_hash) = 32),
    code_hash      bytea CHECK (octet_length(code_hash) = 32),
    scope          text[] NOT NULL DEFAULT '{}',
    client         text NOT NULL DEFAULT '',
    foreign_opens  integer NOT NULL DEFAULT 0 CHECK (foreign_opens >= 0),
    wrong_codes    integer NOT NULL DEFAULT 0 CHECK (wrong_codes >= 0),
    busy_until     timestamptz,
    outcome        text CHECK (outcome IN ('connected', 'declined', 'denied', 'failed', 'signed_in')),
    outcome_reason text NOT NULL DEFAULT '',
    account_name   text NOT NULL DEFAULT '',
    expires_at     timestamptz NOT NULL DEFAULT now() + interval '15 minutes',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX connect_tickets_user_id_idx ON fluxmcp.connect_tickets (user_id);
CREATE INDEX connect_tickets_expires_at_idx ON fluxmcp.connect_tickets (expires_at);

-- A state outlives its ticket: who was sent to the provider in time may come back.
CREATE TABLE fluxmcp.oauth_state_tokens (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id     uuid REFERENCES fluxmcp.connect_tickets (id) ON DELETE SET NULL,
    user_id       uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    provider      text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9_]{0,49}$'),
    state_hash    bytea NOT NULL UNIQUE CHECK (octet_length(state_hash) = 32),
    cookie_hash   bytea NOT NULL CHECK (octet_length(cookie_hash) = 32),
    bearer        boolean NOT NULL DEFAULT false,
    redirect_uri  text NOT NULL CHECK (redirect_uri <> ''),
    scope         text[] NOT NULL DEFAULT '{}',
    client        text NOT NULL DEFAULT '',
    code_verifier bytea,
    holding       boolean NOT NULL DEFAULT false,
    pending_grant bytea,
    expires_at    timestamptz NOT NULL DEFAULT now() + interval '15 minutes',
    used_at       timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (pending_grant IS NULL OR holding),
    CHECK (used_at IS NULL OR code_verifier IS NULL AND pending_grant IS NULL)
);

CREATE INDEX oauth_state_tokens_ticket_id_idx ON fluxmcp.oauth_state_tokens (ticket_id);
CREATE INDEX oauth_state_tokens_user_id_idx ON fluxmcp.oauth_state_tokens (user_id);
CREATE INDEX oauth_state_tokens_expires_at_idx ON fluxmcp.oauth_state_tokens (expires_at);

REVOKE ALL ON fluxmcp.connect_tickets, fluxmcp.oauth_state_tokens FROM PUBLIC;

COMMENT ON TABLE fluxmcp.connect_tickets IS 'Links that people were given to connect an account, or to sign a browser in. A row may be deleted once expires_at is past; one that has ended before may still be waited for.';
COMMENT ON COLUMN fluxmcp.connect_tickets.id IS 'Public: what a waiting call knows the ticket by.';
COMMENT ON COLUMN fluxmcp.connect_tickets.user_id IS 'The person who asked, and whose the account will be.';
COMMENT ON COLUMN fluxmcp.connect_tickets.provider IS 'Where the account is; null for a ticket that only signs the browser in.';
COMMENT ON COLUMN fluxmcp.connect_tickets.ticket_hash IS 'SHA-256 over the secret part of the link.';
COMMENT ON COLUMN fluxmcp.connect_tickets.code_hash IS 'SHA-256 over the pairing code and the secret part of the link, so that the code cannot be found from here; null: the page asks for none.';
COMMENT ON COLUMN fluxmcp.connect_tickets.client IS 'The program that asked, as it calls itself.';
COMMENT ON COLUMN fluxmcp.connect_tickets.foreign_opens IS 'How often somebody else opened it; from 5 on it is void.';
COMMENT ON COLUMN fluxmcp.connect_tickets.wrong_codes IS 'How often a wrong code was typed; from 5 on it is void.';
COMMENT ON COLUMN fluxmcp.connect_tickets.busy_until IS 'A consent of it is being finished until then at the latest; null: none is.';
COMMENT ON COLUMN fluxmcp.connect_tickets.outcome IS 'connected, declined, signed_in: for good; denied, failed: it can be tried again; null: open.';
COMMENT ON TABLE fluxmcp.oauth_state_tokens IS 'What a browser must bring back from a provider, once; rows with holding wait for a decision between two accounts. A row may be deleted once it is used or expires_at is past.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.ticket_id IS 'Null: a web app started it, or the ticket is deleted.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.state_hash IS 'SHA-256 over the state, or over the secret of the decision.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.cookie_hash IS 'SHA-256 over the cookie of the browser in which it was allowed.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.bearer IS 'A bearer token of the same person may stand for the cookie.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.redirect_uri IS 'As sent to the provider; the callback must come to the same one.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.scope IS 'As asked for.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.code_verifier IS 'PKCE verifier, sealed; null: none, or the state is used.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.holding IS 'The row holds a grant until its person has decided.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.pending_grant IS 'That grant and whose it is, sealed; null: none, or it is decided.';
COMMENT ON COLUMN fluxmcp.oauth_state_tokens.used_at IS 'When it was taken, or a newer one of its ticket replaced it.';
