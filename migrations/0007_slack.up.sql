-- What fluxmcp keeps of Slack: lists of channels and people for an hour, sealed,
-- apart for each person and each Slack account they were read with; and which
-- messages it has posted, or tried to, so that none is posted twice. Nothing
-- ever wrote the table of step 5, so it is made anew.
DROP TABLE fluxmcp.slack_channels_cache;

CREATE TABLE fluxmcp.slack_channels_cache (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id          uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    account          text NOT NULL CHECK (account <> ''),
    part             text NOT NULL CHECK (part <> ''),
    content          bytea NOT NULL,
    size             integer NOT NULL CHECK (size >= 0),
    cached_at        timestamptz NOT NULL DEFAULT now(),
    cache_expires_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    UNIQUE (user_id, account, part)
);

-- What is sealed cannot be compressed: PostgreSQL need not try.
ALTER TABLE fluxmcp.slack_channels_cache ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE INDEX slack_channels_cache_expires_idx ON fluxmcp.slack_channels_cache (cache_expires_at);

CREATE TABLE fluxmcp.slack_posts (
    user_id      uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    account      text NOT NULL CHECK (account <> ''),
    key_hash     bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    digest       text NOT NULL CHECK (digest <> ''),
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'unknown', 'posted')),
    channel      text NOT NULL DEFAULT '',
    ts           text NOT NULL DEFAULT '',
    ref          text NOT NULL DEFAULT '',
    attempted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (user_id, account, key_hash)
);

CREATE INDEX slack_posts_expires_idx ON fluxmcp.slack_posts (expires_at);

CREATE OR REPLACE FUNCTION fluxmcp.cleanup_expired_cache() RETURNS TABLE (figma_deleted integer, slack_deleted integer)
LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    channels integer;
    posts    integer;
BEGIN
    -- A large content is thousands of rows of PostgreSQL's own: 100 MB at once.
    DELETE FROM fluxmcp.figma_files_cache WHERE id IN (
        SELECT f.id FROM fluxmcp.figma_files_cache f WHERE f.id IN (
            SELECT e.id FROM (
                SELECT c.id, sum(c.size) OVER (ORDER BY c.cache_expires_at, c.id) - c.size AS earlier
                FROM fluxmcp.figma_files_cache c
                WHERE c.cache_expires_at < now() ORDER BY c.cache_expires_at, c.id LIMIT 10000) e
            WHERE e.earlier < 100000000)
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS figma_deleted = ROW_COUNT;
    -- Half as much of these, since both go in one statement of the caller's.
    DELETE FROM fluxmcp.slack_channels_cache WHERE id IN (
        SELECT s.id FROM fluxmcp.slack_channels_cache s WHERE s.id IN (
            SELECT e.id FROM (
                SELECT c.id, sum(c.size) OVER (ORDER BY c.cache_expires_at, c.id) - c.size AS earlier
                FROM fluxmcp.slack_channels_cache c
                WHERE c.cache_expires_at < now() ORDER BY c.cache_expires_at, c.id LIMIT 10000) e
            WHERE e.earlier < 50000000)
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS channels = ROW_COUNT;
    DELETE FROM fluxmcp.slack_posts WHERE (user_id, account, key_hash) IN (
        SELECT p.user_id, p.account, p.key_hash FROM fluxmcp.slack_posts p
        WHERE p.expires_at < now() LIMIT 10000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS posts = ROW_COUNT;
    slack_deleted := channels + posts;
    RETURN NEXT;
END
$$;

REVOKE ALL ON fluxmcp.slack_channels_cache, fluxmcp.slack_posts FROM PUBLIC;

COMMENT ON TABLE fluxmcp.slack_channels_cache IS 'Lists of Slack channels and people as last read for a person.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.user_id IS 'For whom it was read: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.account IS 'Slack account it was read with; by another one it is another row.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.part IS 'Which list it is, by fluxmcp''s name for it.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.content IS 'What Slack answered, made small, sealed for this person, account and part.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.size IS 'Bytes of the content before it was sealed.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
COMMENT ON TABLE fluxmcp.slack_posts IS 'Messages and files that were posted to Slack, or are being posted, each under a key: what comes again under it is not posted again.';
COMMENT ON COLUMN fluxmcp.slack_posts.user_id IS 'Who posts: the keys of different people are different keys.';
COMMENT ON COLUMN fluxmcp.slack_posts.account IS 'Slack account it is posted with.';
COMMENT ON COLUMN fluxmcp.slack_posts.key_hash IS 'SHA-256 of the key.';
COMMENT ON COLUMN fluxmcp.slack_posts.digest IS 'Digest of what is posted, so that one key is not used for two things.';
COMMENT ON COLUMN fluxmcp.slack_posts.status IS 'pending: an attempt is under way; unknown: Slack''s answer was lost; posted: it is in Slack.';
COMMENT ON COLUMN fluxmcp.slack_posts.channel IS 'Slack channel that it is in; empty: not known yet.';
COMMENT ON COLUMN fluxmcp.slack_posts.ts IS 'Slack''s id of the message in its channel; empty: not known yet.';
COMMENT ON COLUMN fluxmcp.slack_posts.ref IS 'What the attempt can be found again by, such as the id of a file; may be empty.';
COMMENT ON COLUMN fluxmcp.slack_posts.attempted_at IS 'When the last attempt began; it only grows, and tells one attempt from the next.';
COMMENT ON COLUMN fluxmcp.slack_posts.expires_at IS 'From then on the key is free again, and the row may be deleted.';
COMMENT ON FUNCTION fluxmcp.cleanup_expired_cache() IS 'Deletes rows that are expired of what is kept for Figma and for Slack; returns how many of each.';
