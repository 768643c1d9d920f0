SELECT CASE WHEN v.ratio >= 0.95 THEN 'ok' WHEN v.ratio >= 0.80 THEN 'info' ELSE 'warning' END,
	'buffers', '', '', v.subject, pg_catalog.round(100 * v.ratio, 1) || '% of ' || v.total || ' block reads came from shared buffers',
	CASE WHEN v.ratio >= 0.95 THEN '' ELSE
		'Compare shared_buffers (' || pg_catalog.current_setting('shared_buffers') || ') with the size of the data in use, and look for sequential scans with explain_query.' END
FROM (
	SELECT 'tables' AS subject, pg_catalog.sum(heap_blks_hit + heap_blks_read) AS total,
		pg_catalog.sum(heap_blks_hit) / nullif(pg_catalog.sum(heap_blks_hit + heap_blks_read), 0) AS ratio
	FROM pg_catalog.pg_statio_user_tables
	UNION ALL
	SELECT 'indexes', pg_catalog.sum(idx_blks_hit + idx_blks_read), pg_catalog.sum(idx_blks_hit) / nullif(pg_catalog.sum(idx_blks_hit + idx_blks_read), 0)
	FROM pg_catalog.pg_statio_user_indexes
) v
WHERE v.total > 1000
