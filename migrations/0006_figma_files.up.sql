-- Figma files as fluxmcp keeps them: made small and sealed, apart for each
-- person and each Figma account they were read with. Nothing ever wrote the
-- table of step 5, so it is made anew.
DROP TABLE fluxmcp.figma_files_cache;

CREATE TABLE fluxmcp.figma_files_cache (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id          uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    file_key         text NOT NULL CHECK (file_key <> ''),
    account          text NOT NULL CHECK (account <> ''),
    stamp            text NOT NULL,
    file_name        text NOT NULL DEFAULT '',
    content          bytea NOT NULL,
    size             integer NOT NULL CHECK (size >= 0),
    cached_at        timestamptz NOT NULL DEFAULT now(),
    cache_expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    used_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, file_key, account)
);

-- What is sealed cannot be compressed: PostgreSQL need not try.
ALTER TABLE fluxmcp.figma_files_cache ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE INDEX figma_files_cache_expires_idx ON fluxmcp.figma_files_cache (cache_expires_at);
CREATE INDEX figma_files_cache_file_idx ON fluxmcp.figma_files_cache (file_key);

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

REVOKE ALL ON fluxmcp.figma_files_cache FROM PUBLIC;

COMMENT ON TABLE fluxmcp.figma_files_cache IS 'Figma files as last fetched for a person.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.user_id IS 'For whom it was fetched: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.account IS 'Figma account it was read with; by another one it is another row.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.stamp IS 'Version and time of the content, by Figma; others there make the row stale.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.content IS 'What Figma answered, made small, sealed for this person, account, file and stamp.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.size IS 'Bytes of the content before it was sealed.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.used_at IS 'When it was last used, to within a minute: the files of a person that were not used for the longest time go first.';
