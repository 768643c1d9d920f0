SELECT CASE WHEN checksum_failures > 0 THEN 'critical' ELSE 'ok' END, 'checksums', '', '', 'database',
	coalesce(checksum_failures || ' checksum failures', 'checksums are off'),
	CASE WHEN checksum_failures > 0 THEN 'Check the disk, restore the damaged pages from a backup, and do not restart before a copy is safe.' ELSE '' END
FROM pg_catalog.pg_stat_database
WHERE datname = pg_catalog.current_database()
