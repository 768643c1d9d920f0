DROP TABLE fluxmcp.figma_files_cache;

-- As step 5 made it.
CREATE TABLE fluxmcp.figma_files_cache (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id          uuid NOT NULL REFERENCES fluxmcp.users (id) ON DELETE CASCADE,
    file_key         text NOT NULL CHECK (file_key <> ''),
    file_name        text,
    file_data        jsonb NOT NULL,
    thumbnail_url    text,
    last_modified    timestamptz,
    version          text,
    cached_at        timestamptz NOT NULL DEFAULT now(),
    cache_expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    UNIQUE (user_id, file_key)
);

CREATE INDEX figma_files_cache_expires_idx ON fluxmcp.figma_files_cache (cache_expires_at);

CREATE OR REPLACE FUNCTION fluxmcp.cleanup_expired_cache() RETURNS TABLE (figma_deleted integer, slack_deleted integer)
LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM fluxmcp.figma_files_cache WHERE id IN (
        SELECT id FROM fluxmcp.figma_files_cache
        WHERE cache_expires_at < now() LIMIT 10000 FOR UPDATE SKIP LOCKED);
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
COMMENT ON COLUMN fluxmcp.figma_files_cache.user_id IS 'With whose account it was fetched: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.file_data IS 'What Figma answered.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.last_modified IS 'By Figma''s clock.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.version IS 'Figma''s version of the file; another one there makes the row stale.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
