SELECT CASE WHEN s.n_dead_tup > s.n_live_tup THEN 'warning' ELSE 'info' END, 'vacuum', s.schemaname, s.relname, s.relname,
	s.n_dead_tup || ' dead rows beside ' || s.n_live_tup || ' live ones, last vacuum '
		|| coalesce(pg_catalog.to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI'), 'never'),
	pg_catalog.format('Run VACUUM (ANALYZE) %I.%I; and look for long transactions that hold it back.', s.schemaname, s.relname)
FROM pg_catalog.pg_stat_user_tables s
WHERE s.n_dead_tup > 10000 AND s.n_dead_tup > 0.2 * s.n_live_tup
UNION ALL
SELECT 'info', 'statistics', s.schemaname, s.relname, s.relname,
	s.n_mod_since_analyze || ' rows changed since the last ANALYZE (' || coalesce(pg_catalog.to_char(greatest(s.last_analyze, s.last_autoanalyze), 'YYYY-MM-DD HH24:MI'), 'never') || ')',
	pg_catalog.format('Run ANALYZE %I.%I;', s.schemaname, s.relname)
FROM pg_catalog.pg_stat_user_tables s
WHERE s.n_mod_since_analyze > 10000 AND s.n_mod_since_analyze > 0.3 * s.n_live_tup
