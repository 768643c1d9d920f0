SELECT 'warning', 'indexes', n.nspname, t.relname, x.relname, 'invalid: it costs writes and serves no query',
	pg_catalog.format('Run DROP INDEX CONCURRENTLY %I.%I; and create it again: %s;', n.nspname, x.relname, pg_catalog.pg_get_indexdef(x.oid))
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
WHERE NOT i.indisvalid AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
	-- A partitioned index is invalid until every partition has its part; one being built is so for a while.
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
