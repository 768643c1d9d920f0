-- Same table, columns, order, operators, expressions and condition. A unique or primary one is kept.
WITH ix AS (
	SELECT i.indexrelid, i.indrelid, i.indisunique, x.relname, n.nspname, t.relname AS tab, pg_catalog.pg_relation_size(i.indexrelid) AS size,
		(i.indrelid, x.relam, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text,
			coalesce(i.indexprs::text, ''), coalesce(i.indpred::text, ''))::text AS shape,
		EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid) AS needed
	FROM pg_catalog.pg_index i
	JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
	JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
	WHERE i.indisvalid AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND NOT t.relispartition
)
SELECT 'warning', 'indexes', d.nspname, d.tab, d.relname, 'duplicates ' || k.relname || ' (' || pg_catalog.pg_size_pretty(d.size) || ')',
	pg_catalog.format('Run DROP INDEX CONCURRENTLY %I.%I;', d.nspname, d.relname)
FROM ix d
JOIN LATERAL (
	SELECT o.relname FROM ix o
	WHERE o.shape = d.shape AND o.indexrelid <> d.indexrelid
		AND (o.needed, o.indisunique, -o.indexrelid::bigint) > (d.needed, d.indisunique, -d.indexrelid::bigint)
	ORDER BY o.needed DESC, o.indisunique DESC, o.indexrelid LIMIT 1
) k ON true
WHERE NOT d.needed
