SELECT CASE WHEN v.used > 0.95 * v.most THEN 'critical' WHEN v.used > 0.8 * v.most THEN 'warning' ELSE 'ok' END,
	'connections', '', '', 'server', v.used || ' of ' || v.most || ' connections in use',
	CASE WHEN v.used > 0.8 * v.most THEN 'Lower the applications'' pool sizes or put PgBouncer in front before raising max_connections.' ELSE '' END
FROM (
	SELECT pg_catalog.sum(numbackends)::bigint AS used, pg_catalog.current_setting('max_connections')::bigint - pg_catalog.current_setting('superuser_reserved_connections')::bigint AS most
	FROM pg_catalog.pg_stat_database
) v
