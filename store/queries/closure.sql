-- Everything that shows rows of a forbidden relation or of a catalog that leaks them.
-- $1, $2: forbidden names, pairwise schema ('' for any) and name ('*' for all of the schema).
-- Rows: kind (relation, function, or covered: a relation of a schema that is forbidden as a whole), schema, name,
-- identity (quoted for SQL), oid.
-- Reads catalogs that every role may read.
WITH RECURSIVE
forbidden AS (
	SELECT pg_catalog.lower(f.sch) AS sch, pg_catalog.lower(f.name) AS name
	FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS f(sch, name)
	UNION SELECT 'fluxmcp', '*'
),
-- Catalogs and functions that show other sessions' SQL, password hashes or samples of rows.
leaky AS (
	SELECT 'pg_class' AS class, c.oid FROM pg_catalog.pg_class c
	WHERE c.relname IN ('pg_authid', 'pg_shadow', 'pg_statistic', 'pg_stats', 'pg_statistic_ext_data', 'pg_stats_ext',
		'pg_stats_ext_exprs', 'pg_stat_activity', 'pg_stat_statements', 'pg_prepared_statements', 'pg_cursors',
		'pg_user_mapping', 'pg_user_mappings', 'pg_subscription', 'pg_file_settings', 'pg_hba_file_rules', 'pg_largeobject')
		AND c.relkind IN ('r', 'v')
		AND (c.relnamespace = 'pg_catalog'::regnamespace OR c.relname = 'pg_stat_statements')
	UNION ALL
	SELECT 'pg_proc', p.oid FROM pg_catalog.pg_proc p
	WHERE p.pronamespace = 'pg_catalog'::regnamespace
		AND p.proname IN ('pg_stat_get_activity', 'pg_stat_get_backend_activity', 'pg_prepared_statement', 'pg_cursor',
			'pg_show_all_file_settings', 'pg_hba_file_rules', 'schema_to_xml', 'schema_to_xml_and_xmlschema',
			'database_to_xml', 'database_to_xml_and_xmlschema')
),
-- Functions that run SQL given as text: a view calling one is read by its text.
runs_text AS (
	SELECT p.oid FROM pg_catalog.pg_proc p
	WHERE p.proname ~ '^(query_to_xml|table_to_xml|ts_stat$|dblink|crosstab|connectby$|xpath_table$)'
),
-- pg_depend does not record what is pinned, so the stored trees of the views are searched for it.
-- Source: https://www.postgresql.org/docs/current/catalog-pg-depend.html
pinned AS MATERIALIZED (
	SELECT '\m(' || coalesce(pg_catalog.string_agg('relid ' || oid, '|') FILTER (WHERE class = 'pg_class'), 'none')
		|| '|' || coalesce(pg_catalog.string_agg('funcid ' || oid, '|') FILTER (WHERE class = 'pg_proc'), 'none') || ')\M' AS leaks,
		'\mfuncid (' || coalesce((SELECT pg_catalog.string_agg(oid::text, '|') FROM runs_text), 'none') || ')\M' AS runs
	FROM leaky
),
tree AS MATERIALIZED (
	SELECT w.ev_class AS oid, w.ev_action::text ~ p.leaks AS leaks, w.ev_action::text ~ p.runs AS runs
	FROM pg_catalog.pg_rewrite w
	JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
	CROSS JOIN pinned p
	WHERE w.ev_type = '1' AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
),
-- Texts in which a relation or function may be named without a recorded dependency.
source AS MATERIALIZED (
	SELECT 'pg_proc' AS class, p.oid, pg_catalog.lower(p.prosrc) AS body
	FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
	WHERE l.lanname NOT IN ('internal', 'c')
		AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
	UNION ALL
	SELECT 'pg_class', f.ftrelid, pg_catalog.lower(pg_catalog.array_to_string(f.ftoptions, ' ')) FROM pg_catalog.pg_foreign_table f
	UNION ALL
	SELECT 'pg_class', t.oid, pg_catalog.lower(pg_catalog.pg_get_viewdef(t.oid)) FROM tree t WHERE t.runs
),
-- up marks an ancestor: it shows the rows of the forbidden child, its other children do not.
-- named is whether the object's name is searched for in source.
reach(class, oid, up, named) AS (
	SELECT 'pg_class', c.oid, false, true
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN forbidden f ON f.name = pg_catalog.lower(c.relname) AND f.sch IN ('', pg_catalog.lower(n.nspname))
	UNION
	SELECT 'pg_class', c.oid, false, false
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN forbidden f ON f.name = '*' AND f.sch = pg_catalog.lower(n.nspname)
	UNION
	SELECT l.class, l.oid, false, true FROM leaky l
	UNION
	SELECT 'pg_class', t.oid, false, true FROM tree t WHERE t.leaks
	UNION
	SELECT e.class, e.oid, e.up, true
	FROM reach r
	CROSS JOIN LATERAL (
		SELECT 'pg_class' AS class, w.ev_class AS oid, false AS up
		FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
		WHERE d.refclassid = r.class::regclass AND d.refobjid = r.oid
			AND d.classid = 'pg_rewrite'::regclass AND w.ev_type = '1'
		UNION ALL
		SELECT d.classid::regclass::text, d.objid, false
		FROM pg_catalog.pg_depend d
		WHERE d.refclassid = r.class::regclass AND d.refobjid = r.oid
			AND d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
		UNION ALL
		SELECT 'pg_class', d.objid, false
		FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
		WHERE r.class = 'pg_class' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
			AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
		UNION ALL
		SELECT 'pg_class', i.inhrelid, false FROM pg_catalog.pg_inherits i
		WHERE r.class = 'pg_class' AND i.inhparent = r.oid AND NOT r.up
		UNION ALL
		SELECT 'pg_class', i.inhparent, true FROM pg_catalog.pg_inherits i
		WHERE r.class = 'pg_class' AND i.inhrelid = r.oid
		UNION ALL
		SELECT s.class, s.oid, false
		FROM (
			SELECT pg_catalog.lower(c.relname) AS name FROM pg_catalog.pg_class c WHERE r.class = 'pg_class' AND c.oid = r.oid
			UNION ALL
			-- A function named like a built-in one counts as named only with its schema.
			SELECT pg_catalog.lower(CASE WHEN EXISTS (
				SELECT FROM pg_catalog.pg_proc b WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace
			) AND n.nspname <> 'pg_catalog' THEN n.nspname || '.' || p.proname ELSE p.proname END)
			FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
			WHERE r.class = 'pg_proc' AND p.oid = r.oid
		) o
		JOIN source s ON pg_catalog.strpos(s.body, o.name) > 0
			AND s.body ~ ('(^|[^[:alnum:]_$])' || pg_catalog.regexp_replace(o.name, '([^[:alnum:]_])', '\\\1', 'g') || '($|[^[:alnum:]_$])')
		WHERE r.named
	) e
	-- PostgreSQL's own views over its catalogs hide what must be hidden, unless listed above.
	WHERE NOT (e.class = 'pg_class' AND EXISTS (
		SELECT FROM pg_catalog.pg_class c
		WHERE c.oid = e.oid AND c.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)))
)
SELECT DISTINCT
	CASE WHEN EXISTS (SELECT FROM forbidden f WHERE f.name = '*' AND f.sch = pg_catalog.lower(n.nspname)) THEN 'covered' ELSE 'relation' END AS kind,
	n.nspname AS schema, c.relname AS name, pg_catalog.format('%I.%I', n.nspname, c.relname) AS identity, c.oid
FROM reach r
JOIN pg_catalog.pg_class c ON r.class = 'pg_class' AND c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
	AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL
SELECT DISTINCT 'function', n.nspname, p.proname, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), p.oid
FROM reach r
JOIN pg_catalog.pg_proc p ON r.class = 'pg_proc' AND p.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2, 3, 4
