-- What may be forgotten, and the functions that forget it: copies of what
-- providers answered, and webhooks once they are dealt with. The functions are
-- what the hourly job calls; an operator may call them too. Each deletes at
-- most 10,000 rows of a table at once, so that it ends within the time limit of
-- a statement: call it again until it returns 0.
--
-- Where this step is applied, the runner keeps the tables of the job queue
-- (River), named fluxmcp.river_*, as well.
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

CREATE TABLE fluxmcp.integration_webhooks (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    provider         text NOT NULL CHECK (provider ~ '^[a-z][a-z0-9_]{0,49}$'),
    endpoint         text NOT NULL,
    dedupe_key       text NOT NULL CHECK (dedupe_key <> ''),
    event_type       text NOT NULL,
    payload          bytea NOT NULL,
    key_id           bigint NOT NULL,
    status           text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processed', 'failed', 'dead')),
    attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    processing_error text,
    ip_address       inet,
    received_at      timestamptz NOT NULL DEFAULT now(),
    processed_at     timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, endpoint, dedupe_key),
    CHECK ((status = 'processed') = (processed_at IS NOT NULL))
);

CREATE INDEX integration_webhooks_received_idx ON fluxmcp.integration_webhooks (received_at, id);
CREATE INDEX integration_webhooks_open_idx ON fluxmcp.integration_webhooks (received_at) WHERE status IN ('pending', 'failed');
CREATE INDEX integration_webhooks_key_idx ON fluxmcp.integration_webhooks (key_id, id);

CREATE FUNCTION fluxmcp.cleanup_expired_oauth_states() RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    states  integer;
    tickets integer;
BEGIN
    -- A row that is locked is in use: the next call finds it.
    DELETE FROM fluxmcp.oauth_state_tokens WHERE id IN (
        SELECT id FROM fluxmcp.oauth_state_tokens
        WHERE expires_at < now() OR used_at IS NOT NULL LIMIT 10000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS states = ROW_COUNT;
    DELETE FROM fluxmcp.connect_tickets WHERE id IN (
        SELECT id FROM fluxmcp.connect_tickets
        WHERE expires_at < now() LIMIT 10000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS tickets = ROW_COUNT;
    RETURN states + tickets;
END
$$;

CREATE FUNCTION fluxmcp.cleanup_expired_cache() RETURNS TABLE (figma_deleted integer, slack_deleted integer)
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

CREATE FUNCTION fluxmcp.cleanup_old_webhooks(retention interval) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deleted integer;
BEGIN
    IF retention IS NULL OR retention < interval '0' THEN
        RAISE EXCEPTION 'retention must be an interval of 0 or more'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give how long webhooks are kept, such as interval ''30 days''.';
    END IF;
    -- What is pending or failed is still to be dealt with, however old it is.
    DELETE FROM fluxmcp.integration_webhooks WHERE id IN (
        SELECT id FROM fluxmcp.integration_webhooks
        WHERE received_at < now() - retention AND status IN ('processed', 'dead')
        ORDER BY received_at, id LIMIT 10000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;

REVOKE ALL ON fluxmcp.figma_files_cache, fluxmcp.slack_channels_cache, fluxmcp.integration_webhooks FROM PUBLIC;
REVOKE ALL ON FUNCTION fluxmcp.cleanup_expired_oauth_states(), fluxmcp.cleanup_expired_cache(),
    fluxmcp.cleanup_old_webhooks(interval) FROM PUBLIC;

COMMENT ON TABLE fluxmcp.figma_files_cache IS 'Figma files as last fetched for a person.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.user_id IS 'With whose account it was fetched: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.file_data IS 'What Figma answered.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.last_modified IS 'By Figma''s clock.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.version IS 'Figma''s version of the file; another one there makes the row stale.';
COMMENT ON COLUMN fluxmcp.figma_files_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
COMMENT ON TABLE fluxmcp.slack_channels_cache IS 'Slack channels as last listed for a person.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.user_id IS 'With whose account it was listed: nobody else is shown it.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.channel_data IS 'What Slack answered.';
COMMENT ON COLUMN fluxmcp.slack_channels_cache.cache_expires_at IS 'From then on the row is not used, and may be deleted.';
COMMENT ON TABLE fluxmcp.integration_webhooks IS 'Events that providers sent and whose signature was right, each once.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.endpoint IS 'Which of the provider''s endpoints here it came to.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.dedupe_key IS 'What the provider names a delivery by, or a digest of the event: the same event again is not stored.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.payload IS 'What was sent, sealed for this row.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.key_id IS 'Id of the key that the payload is sealed with.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.status IS 'pending: not dealt with yet; failed: to be tried again; processed; dead: given up, can be replayed.';
COMMENT ON COLUMN fluxmcp.integration_webhooks.processing_error IS 'Code of the last failure; never the payload.';
COMMENT ON FUNCTION fluxmcp.cleanup_expired_oauth_states() IS 'Deletes states that are expired or used, and tickets that are expired; returns how many rows of both.';
COMMENT ON FUNCTION fluxmcp.cleanup_expired_cache() IS 'Deletes cached rows that are expired; returns how many of each cache.';
COMMENT ON FUNCTION fluxmcp.cleanup_old_webhooks(interval) IS 'Deletes processed and dead webhooks received longer ago than retention; returns how many.';
