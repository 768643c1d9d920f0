-- What describe_table adds for the relation $1, whose schema is $2 and name $3. One row of one JSON value, keys as in
-- the Go types. pg_stats shows a role only the columns it may read; being a security barrier it is fast only when
-- schema and name come as values, not by a join.
WITH rel AS (
	SELECT c.*, pg_catalog.has_table_privilege(c.oid, 'SELECT') AS whole FROM pg_catalog.pg_class c WHERE c.oid = $1::oid
),
col AS (
	SELECT a.attnum, a.attname, a.attidentity, a.attgenerated, pg_catalog.pg_get_expr(f.adbin, f.adrelid) AS def, e.oid AS enum,
		r.reltuples, t.typcategory
	FROM rel r
	JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_catalog.pg_type e ON e.typtype = 'e' AND e.oid IN (t.oid, t.typelem, t.typbasetype)
	LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
	WHERE r.whole OR pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
),
-- Few distinct, short values tell an agent what to filter by. Columns that may hold secrets are left out by name.
frequent AS (
	SELECT s.attname, (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('Value', v.val, 'Share', pg_catalog.round(v.freq::numeric, 4)) ORDER BY v.freq DESC, v.val)
		FROM ROWS FROM (pg_catalog.unnest(s.most_common_vals::text::text[]), pg_catalog.unnest(s.most_common_freqs)) AS v(val, freq)) AS vals
	FROM rel r
	JOIN pg_catalog.pg_stats s ON s.schemaname = $2::name AND s.tablename = $3::name AND s.inherited = (r.relkind = 'p')
	JOIN col ON col.attname = s.attname
	WHERE col.typcategory IN ('S', 'B', 'E', 'N')
		AND CASE WHEN s.n_distinct >= 0 THEN s.n_distinct ELSE -s.n_distinct * r.reltuples END BETWEEN 1 AND 20
		AND s.attname !~* '(passw|pwd|secret|token|hash|key|salt|credential|otp|cvv|ssn)'
		AND NOT EXISTS (SELECT FROM pg_catalog.unnest(s.most_common_vals::text::text[]) AS v(val) WHERE pg_catalog.length(v.val) > 40)
)
SELECT pg_catalog.jsonb_build_object(
	'Size', (SELECT CASE WHEN r.relkind IN ('v', 'f') THEN 0
		WHEN r.relkind = 'p' THEN (SELECT coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(t.relid)), 0) FROM pg_catalog.pg_partition_tree(r.oid) t)
		ELSE pg_catalog.pg_total_relation_size(r.oid) END FROM rel r),
	'Partitions', (SELECT pg_catalog.count(*) FROM rel r JOIN pg_catalog.pg_inherits i ON i.inhparent = r.oid),
	'Columns', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
			'Number', col.attnum,
			'Default', CASE WHEN col.attgenerated = '' THEN coalesce(col.def, '') ELSE '' END,
			'Generated', CASE WHEN col.attgenerated <> '' THEN coalesce(col.def, '') ELSE '' END,
			'Identity', CASE col.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE '' END,
			'Enum', (SELECT pg_catalog.jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = col.enum),
			'Frequent', f.vals) ORDER BY col.attnum)
		FROM col LEFT JOIN frequent f ON f.attname = col.attname), '[]'),
	'Constraints', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
			'Name', k.conname,
			'Kind', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check' ELSE 'exclusion' END,
			'Definition', pg_catalog.pg_get_constraintdef(k.oid, true)) ORDER BY position(k.contype::text IN 'pucx'), k.conname)
		FROM rel r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'c', 'x')
		WHERE r.whole OR k.conkey OPERATOR(pg_catalog.<@) (SELECT pg_catalog.array_agg(col.attnum) FROM col)), '[]'),
	'Definition', (SELECT pg_catalog.pg_get_viewdef(r.oid, true) FROM rel r WHERE r.relkind IN ('v', 'm')),
	'Reads', coalesce((SELECT pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_object('Schema', n.nspname, 'Name', c.relname))
		FROM rel r
		JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid AND w.ev_type = '1'
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> r.oid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace), '[]'))
