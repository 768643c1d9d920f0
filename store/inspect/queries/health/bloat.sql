-- Estimate: pages in use less those that the statistics' average row would fill. Only tables whose every
-- column has statistics that the role may see; off by tens of percent for wide, compressed values.
WITH width AS (
	SELECT s.schemaname, s.tablename, pg_catalog.sum(s.avg_width * (1 - s.null_frac)) AS bytes, pg_catalog.bool_or(s.null_frac > 0) AS nulls, pg_catalog.count(*) AS n
	FROM pg_catalog.pg_stats s
	WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
	GROUP BY s.schemaname, s.tablename
),
est AS (
	SELECT n.nspname, c.relname, c.relpages::numeric AS pages, pg_catalog.current_setting('block_size')::numeric AS block,
		-- Line pointer 4, header 23 with null bitmap, rounded up to 8; then the data, rounded up to 8.
		pg_catalog.ceil(c.reltuples::numeric * (4 + 24 + CASE WHEN w.nulls THEN 8 * pg_catalog.ceil(greatest(c.relnatts - 8, 0) / 64.0) ELSE 0 END + 8 * pg_catalog.ceil(w.bytes::numeric / 8))
			/ ((pg_catalog.current_setting('block_size')::numeric - 24) * coalesce(substring(pg_catalog.array_to_string(c.reloptions, ' ') FROM 'fillfactor=([0-9]+)')::numeric, 100) / 100)) AS needed
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN width w ON w.schemaname = n.nspname AND w.tablename = c.relname
	WHERE c.relkind IN ('r', 'm') AND c.reltuples > 0
		AND w.n = (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
)
SELECT CASE WHEN e.pages > 3 * e.needed AND (e.pages - e.needed) * e.block > 1e9 THEN 'warning' ELSE 'info' END,
	'bloat', e.nspname, e.relname, e.relname,
	'about ' || pg_catalog.pg_size_pretty((e.pages - e.needed) * e.block) || ' (' || pg_catalog.round(100 * (1 - e.needed / e.pages)) || '%) of the table is empty space',
	pg_catalog.format('Run VACUUM (ANALYZE) %I.%I; and, to give the space back, pg_repack or, in a maintenance window, VACUUM FULL.', e.nspname, e.relname)
FROM est e
WHERE (e.pages - e.needed) * e.block > 10 * 1024 * 1024 AND e.needed < 0.7 * e.pages
ORDER BY (e.pages - e.needed) DESC
LIMIT 20
