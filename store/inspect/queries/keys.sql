-- Primary keys of the relations $1, and foreign keys out of them or, with $2, also into them.
-- Partitions' copies of their parent's foreign keys are left out.
SELECT k.contype::text, k.conname, k.conrelid, k.conkey, k.confrelid, coalesce(k.confkey, '{}')
FROM pg_catalog.pg_constraint k
WHERE (k.contype = 'p' OR (k.contype = 'f' AND k.conparentid = 0)) AND k.conrelid = ANY($1::oid[])
UNION ALL
SELECT k.contype::text, k.conname, k.conrelid, k.conkey, k.confrelid, k.confkey
FROM pg_catalog.pg_constraint k
WHERE $2::boolean AND k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY($1::oid[]) AND k.conrelid <> ALL($1::oid[])
ORDER BY 3, 2
