-- Durations and states only, never a query's text. Without pg_read_all_stats other roles' sessions show no state.
SELECT CASE WHEN a.age > interval '1 hour' THEN 'warning' ELSE 'info' END, 'transactions', '', '', 'backend ' || a.pid,
	a.state || ', transaction open for ' || pg_catalog.date_trunc('second', a.age),
	'Find its application (backend ' || a.pid || '); an open transaction holds vacuum back. '
		|| CASE WHEN a.state LIKE 'idle in transaction%' THEN 'Set idle_in_transaction_session_timeout for its role.'
			ELSE 'Set statement_timeout for its role.' END
FROM (SELECT pid, state, pg_catalog.clock_timestamp() - xact_start AS age FROM pg_catalog.pg_stat_activity
	WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() AND xact_start IS NOT NULL AND state IS NOT NULL) a
WHERE a.age > interval '5 minutes' OR (a.state LIKE 'idle in transaction%' AND a.age > interval '1 minute')
UNION ALL
SELECT 'info', 'transactions', '', '', 'sessions', pg_catalog.count(*) || ' sessions of other roles are not visible to this role',
	'Run GRANT pg_read_all_stats TO ' || pg_catalog.quote_ident(current_user) || '; if long transactions should be reported.'
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND state IS NULL AND backend_type IS NULL AND NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
HAVING pg_catalog.count(*) > 0
