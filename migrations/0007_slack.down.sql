DROP TABLE fluxmcp.slack_posts;
DROP TABLE fluxmcp.slack_channels_cache;

-- As step 5 made it.
CREATE TABLE fluxmcp.slack_channels_cache (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id          uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    channel_id       text NOT NULL CHECK (channel_id <> ''),
    channel_name     text,
    channel_type     text CHECK (channel_type IN ('public', 'private', 'dm', 'group_dm')),
    is_archived      boolean NOT NULL DEFAULT false,
    channel_data     jsonb NOT NULL,
    cached_at        timestamptz NOT NULL DEFAULT now(),
    cache_expires_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    UNIQUE (user_id, channel_id)
);

CREATE INDEX slack_channels_cache_expires_idx ON fluxmcp.slack_channels_cache (cache_expires_at);

-- As step 6 made it.
CREATE OR REPLACE FUNCTION fluxmcp.cleanup_expired_cache() RETURNS TABLE (figma_deleted integer, slack_deleted integer)
LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
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
    DELETE FROM fluxmcp.slack_channels_cache WHERE id IN (
        SELECT id FROM fluxmcp.slack_channels_cache
        WHERE cache_expires_at < now() LIMIT 10000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS slack_deleted = ROW_COUNT;
    RETURN NEXT;
END
$$;

REVOKE ALL ON fluxmcp.slack_channels_cache FROM PUBLIC;

COMMENT ON TABLE fluxmcp.slack_channels_cache IS 'Slack channels as last listed for a person.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.user_id IS 'With whose account it was listed: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.channel_data IS 'What Slack answered.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
COMMENT ON FUNCTION fluxmcp.cleanup_expired_cache() IS 'Deletes cached rows that are expired; returns how many of each cache.';
