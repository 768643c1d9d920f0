SELECT CASE WHEN v.lag > 10 * 1024 ^ 3 OR v.status = 'lost' THEN 'critical' WHEN v.lag > 1024 ^ 3 THEN 'warning' WHEN v.active THEN 'ok' ELSE 'warning' END,
	'replication', '', '', 'slot ' || v.slot_name,
	CASE WHEN v.active THEN 'active' ELSE 'inactive' END || ', holds back ' || coalesce(pg_catalog.pg_size_pretty(v.lag), 'an unknown amount') || ' of WAL',
	CASE WHEN v.active AND v.lag <= 1024 ^ 3 THEN '' WHEN v.active THEN 'Find out why its consumer lags.'
		ELSE pg_catalog.format('Start its consumer, or run SELECT pg_drop_replication_slot(%L); before the disk is full.', v.slot_name) END
FROM (
	SELECT slot_name, active, wal_status AS status, pg_catalog.pg_wal_lsn_diff(
		CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn) AS lag
	FROM pg_catalog.pg_replication_slots
) v
