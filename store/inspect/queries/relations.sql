-- Relations of user schemas of which the current role may read at least one column.
SELECT c.oid, n.nspname, c.relname,
	CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
		WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END,
	coalesce(d.description, ''),
	CASE WHEN c.relkind = 'v' OR c.reltuples < 0 THEN -1 ELSE c.reltuples::bigint END,
	greatest(c.relpages, 0)::bigint * pg_catalog.current_setting('block_size')::bigint,
	c.relispartition,
	coalesce(pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname), 0),
	pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
	AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'fluxmcp') AND n.nspname !~ '^pg_(temp|toast_temp)_'
	AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
	AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname
