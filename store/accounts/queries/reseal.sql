-- Replaces seals by others of the same tokens.
-- $1: ids, $2: versions, $3: access and $4: refresh tokens, sealed, $5: key.
UPDATE fluxmcp.oauth_tokens t SET access_token = n.access_token, refresh_token = n.refresh_token, key_id = $5
FROM ROWS FROM (pg_catalog.unnest($1::uuid[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::bytea[]), pg_catalog.unnest($4::bytea[]))
	AS n(id, version, access_token, refresh_token)
WHERE t.id = n.id AND t.version = n.version AND t.key_id <> $5
