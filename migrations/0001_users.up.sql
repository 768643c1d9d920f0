-- People who have used fluxmcp: one row for each pair of issuer and subject,
-- the identity that accounts, limits and audit entries belong to.
CREATE TABLE fluxmcp.users (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    issuer     text NOT NULL CHECK (issuer <> ''),
    subject    text NOT NULL CHECK (subject <> ''),
    email      text,
    roles      text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);

COMMENT ON TABLE fluxmcp.users IS 'People who have used fluxmcp, by the issuer and subject of their token.';
COMMENT ON COLUMN fluxmcp.users.issuer IS 'iss of the token; "local" for the user of a stdio server.';
COMMENT ON COLUMN fluxmcp.users.subject IS 'sub of the token: unique within the issuer, never reused.';
COMMENT ON COLUMN fluxmcp.users.roles IS 'Roles as of the last token seen; what a request may do is decided by its own token.';
