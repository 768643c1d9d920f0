-- A sequence's end is its own maximum or that of the column it feeds, whichever comes first.
WITH seq AS (
	SELECT n.nspname, coalesce(t.relname, c.relname) AS tab, c.relname, c.oid, tn.nspname AS tabschema, a.attname,
		pg_catalog.pg_sequence_last_value(s.seqrelid) AS last,
		least(s.seqmax, CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END) AS most
	FROM pg_catalog.pg_sequence s
	JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
		AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
	LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
	WHERE s.seqincrement > 0 AND NOT s.seqcycle AND c.relpersistence <> 't' AND pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT')
)
SELECT CASE WHEN q.last > 0.9 * q.most THEN 'critical' ELSE 'warning' END, 'sequences', coalesce(q.tabschema, q.nspname), q.tab, q.relname,
	pg_catalog.round(100.0 * q.last / q.most, 1) || '% used (' || q.last || ' of ' || q.most || ')',
	CASE WHEN q.attname IS NULL THEN pg_catalog.format('Raise its end with ALTER SEQUENCE %I.%I AS bigint MAXVALUE 9223372036854775807;', q.nspname, q.relname)
		ELSE pg_catalog.format('Plan ALTER TABLE %I.%I ALTER COLUMN %I TYPE bigint; (rewrites the table) and ALTER SEQUENCE %I.%I AS bigint;', q.tabschema, q.tab, q.attname, q.nspname, q.relname) END
FROM seq q
WHERE q.last > 0.7 * q.most
UNION ALL
SELECT 'info', 'sequences', '', '', 'sequences', pg_catalog.count(*) || ' sequences are not readable for this role',
	'Run GRANT SELECT ON ALL SEQUENCES IN SCHEMA … TO ' || pg_catalog.quote_ident(current_user) || '; if their headroom should be reported.'
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname NOT IN ('fluxmcp') AND CASE WHEN c.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(c.oid, 'SELECT') END AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
HAVING pg_catalog.count(*) > 0
