SELECT CASE WHEN v.used > 0.75 THEN 'critical' WHEN v.used > 0.40 THEN 'warning' ELSE 'ok' END,
	'wraparound', '', '', v.what, pg_catalog.round(100 * v.used::numeric, 1) || '% of the ' || v.what || ' ids are used before a forced stop',
	CASE WHEN v.used > 0.40 THEN 'Run VACUUM (FREEZE) on the oldest tables (age(relfrozenxid)) and end long transactions, prepared transactions and unused replication slots.' ELSE '' END
FROM (
	SELECT 'transaction' AS what, pg_catalog.age(datfrozenxid) / 2147483648.0 AS used FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
	UNION ALL
	SELECT 'multixact', pg_catalog.mxid_age(datminmxid) / 2147483648.0 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
) v
