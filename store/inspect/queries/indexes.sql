-- Indexes of the relations $1. Where some columns are hidden from the role, indexes that name
-- one of them, or may do so in an expression or condition, are left out.
SELECT i.indrelid, x.relname, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), i.indisprimary, i.indisunique, i.indisvalid,
	pg_catalog.pg_relation_size(i.indexrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = ANY($1::oid[])
	AND (pg_catalog.has_table_privilege(i.indrelid, 'SELECT') OR (i.indexprs IS NULL AND i.indpred IS NULL AND NOT EXISTS (
		SELECT FROM pg_catalog.unnest(i.indkey::int2[]) AS u(n) WHERE NOT pg_catalog.has_column_privilege(i.indrelid, u.n, 'SELECT'))))
ORDER BY i.indrelid, i.indisprimary DESC, x.relname
