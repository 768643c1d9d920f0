SELECT 'info', 'indexes', s.schemaname, s.relname, s.indexrelname,
	'never used since ' || coalesce(pg_catalog.to_char(d.stats_reset, 'YYYY-MM-DD'), 'statistics began') || ' (' || pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(s.indexrelid)) || ')',
	pg_catalog.format('Check replicas and rare reports, then run DROP INDEX CONCURRENTLY %I.%I;', s.schemaname, s.indexrelname)
FROM pg_catalog.pg_stat_user_indexes s
JOIN pg_catalog.pg_index i ON i.indexrelid = s.indexrelid
CROSS JOIN (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()) d
WHERE s.idx_scan = 0 AND NOT i.indisunique AND i.indisvalid AND pg_catalog.pg_relation_size(s.indexrelid) > 1024 * 1024
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = s.indexrelid)
ORDER BY pg_catalog.pg_relation_size(s.indexrelid) DESC
LIMIT 20
