-- Relations that may show other rows at each read though no table changed: views whose definition, or that of a view
-- or policy below them, asks for the time, the session, chance or a catalog.
-- $1: names of built-in functions that do. $2: names of extensions whose stable functions are as good as immutable.
-- Rows: schema, name.
-- Reads catalogs that every role may read. Materialized views and column defaults are data: what they called is past.
WITH RECURSIVE
calls AS MATERIALIZED (
	SELECT p.oid
	FROM pg_catalog.pg_proc p
	LEFT JOIN (
		SELECT d.objid
		FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
			AND e.extname = ANY($2::text[])
	) harmless ON harmless.objid = p.oid
	WHERE p.provolatile = 'v'
		OR p.oid < 16384 AND p.pronamespace = 'pg_catalog'::regnamespace AND p.proname::text IN (SELECT pg_catalog.unnest($1::text[]))
		OR p.oid >= 16384 AND p.provolatile = 's' AND harmless.objid IS NULL
),
-- pg_depend does not record what is pinned, so the stored trees are searched for built-in functions and relations.
-- Source: https://www.postgresql.org/docs/current/catalog-pg-depend.html
-- A tree is a text of nodes and fields: {FUNCEXPR :funcid 1299 …}, {OPEXPR … :opfuncid 1299 …}, :relid of a table read.
tree(class, oid, stored) AS (
	SELECT 'pg_class'::regclass, w.ev_class, w.ev_action
	FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
	WHERE w.ev_type = '1' AND c.relkind = 'v' AND c.oid >= 16384
	UNION ALL
	SELECT 'pg_class'::regclass, y.polrelid, y.polqual
	FROM pg_catalog.pg_policy y JOIN pg_catalog.pg_class c ON c.oid = y.polrelid
	WHERE y.polcmd IN ('r', '*') AND c.relrowsecurity
	UNION ALL
	-- A default is put into a call when the view is read.
	SELECT 'pg_proc'::regclass, p.oid, p.proargdefaults
	FROM pg_catalog.pg_proc p
	WHERE p.pronargdefaults > 0 AND p.oid >= 16384
),
seen AS MATERIALIZED (
	SELECT t.class, t.oid,
		-- CURRENT_DATE, CURRENT_USER and their like; TABLESAMPLE without REPEATABLE.
		pg_catalog.strpos(b.body, '{SQLVALUEFUNCTION ') > 0 OR pg_catalog.strpos(b.body, ':repeatable <>') > 0
		OR EXISTS (
			SELECT FROM pg_catalog.string_to_table(b.body, ':relid ') f
			WHERE CASE WHEN pg_catalog.left(f, 12) ~ '^[1-9][0-9]* ' THEN pg_catalog.split_part(pg_catalog.left(f, 12), ' ', 1)::oid < 16384 END)
		-- The words now, today, tomorrow and yesterday, byte by byte, where a text is read as another type at run time.
		OR pg_catalog.strpos(b.body, '{COERCEVIAIO ') > 0
			AND b.body ~ (' (0|9|1[0-3]|32) ((110|78) (111|79) (119|87)|(116|84) (111|79) (100|68) (97|65) (121|89)'
				|| '|(116|84) (111|79) (109|77) (111|79) (114|82) (114|82) (111|79) (119|87)'
				|| '|(121|89) (101|69) (115|83) (116|84) (101|69) (114|82) (100|68) (97|65) (121|89)) ((9|1[0-3]|32) |])') AS changes,
		ARRAY(
			SELECT pg_catalog.split_part(pg_catalog.left(f, 12), ' ', 1) FROM pg_catalog.string_to_table(b.body, 'funcid ') f
			UNION ALL
			-- Of the built-in aggregates one since PostgreSQL 16; those of users have pg_depend.
			SELECT pg_catalog.split_part(pg_catalog.left(f, 12), ' ', 1) FROM pg_catalog.string_to_table(b.body, 'aggfnoid ') f
			WHERE (SELECT EXISTS (SELECT FROM calls c JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = c.oid AND c.oid < 16384))
		) AS called
	FROM tree t
	-- Joining the empty text unpacks a tree once instead of at each look.
	CROSS JOIN LATERAL (SELECT t.stored::text || '' AS body OFFSET 0) b
),
hit AS (
	SELECT s.class, s.oid FROM seen s WHERE s.changes
	UNION ALL
	SELECT s.class, s.oid FROM seen s CROSS JOIN pg_catalog.unnest(s.called) f JOIN calls c ON c.oid::text = f
),
reach(class, oid) AS (
	SELECT h.class, h.oid FROM hit h
	UNION
	SELECT 'pg_proc'::regclass, c.oid FROM calls c WHERE c.oid >= 16384
	UNION
	SELECT e.class, e.oid
	FROM reach r
	CROSS JOIN LATERAL (
		SELECT 'pg_class'::regclass AS class, w.ev_class AS oid
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1'
		JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'v'
		WHERE d.refclassid = r.class AND d.refobjid = r.oid AND d.classid = 'pg_rewrite'::regclass
		UNION ALL
		SELECT 'pg_class'::regclass, y.polrelid
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_policy y ON y.oid = d.objid AND y.polcmd IN ('r', '*')
		JOIN pg_catalog.pg_class c ON c.oid = y.polrelid AND c.relrowsecurity
		WHERE d.refclassid = r.class AND d.refobjid = r.oid AND d.classid = 'pg_policy'::regclass
		UNION ALL
		SELECT d.classid::regclass, d.objid
		FROM pg_catalog.pg_depend d
		WHERE d.refclassid = r.class AND d.refobjid = r.oid AND d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
	) e
)
SELECT n.nspname AS schema, c.relname AS name
FROM reach r
JOIN pg_catalog.pg_class c ON r.class = 'pg_class'::regclass AND c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
