-- Each delete or key change in the referred table scans the referring one. Small tables do not matter.
SELECT CASE WHEN t.reltuples > 1000000 THEN 'warning' ELSE 'info' END, 'foreign keys', n.nspname, t.relname, k.conname,
	'(' || c.list || ') has no index over ' || t.reltuples::bigint || ' rows',
	pg_catalog.format('Run CREATE INDEX CONCURRENTLY ON %I.%I (%s);', n.nspname, t.relname, c.list)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
CROSS JOIN LATERAL (
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.i) AS list
	FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(num, i)
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num
) c
WHERE k.contype = 'f' AND k.conparentid = 0 AND t.reltuples > 1000
	AND NOT EXISTS (
		SELECT FROM pg_catalog.pg_index i
		WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
			AND (i.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1] OPERATOR(pg_catalog.@>) k.conkey
			AND k.conkey OPERATOR(pg_catalog.@>) (i.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1])
ORDER BY t.reltuples DESC
LIMIT 30
