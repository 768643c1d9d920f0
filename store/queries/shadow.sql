-- What unqualified calls and operators may find outside pg_catalog on the pinned search_path.
-- $1: names of extensions whose immutable and stable functions are harmless.
-- Rows: kind (shadow_function, shadow_operator, extension_function, user_function, row_function), name.
WITH ext AS (
	SELECT d.classid, d.objid, e.extname = ANY($1::text[]) AS harmless
	FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
),
sch AS (
	SELECT n.oid, n.nspname, n.nspname = ANY(pg_catalog.current_schemas(false)) AS on_path
	FROM pg_catalog.pg_namespace n
	WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
),
fn AS (
	SELECT p.oid, p.proname, s.nspname, s.on_path, p.prokind, coalesce(x.harmless, false) AS harmless,
		coalesce(x.harmless, false) AND p.provolatile IN ('i', 's') AND NOT p.prosecdef AND p.prokind <> 'p'
			AND l.lanname IN ('c', 'internal', 'sql')
			-- PostGIS: these look into tables named in their arguments, or tell of the server.
			AND p.proname !~ '^_?(st_estimatedextent|st_findextent|postgis_|pg_)' AS pure,
		p.pronargs - p.pronargdefaults <= 1 AND (p.pronargs >= 1 OR p.provariadic <> 0) AS one_argument,
		CASE WHEN p.pronargs > 0 THEN p.proargtypes[0] END AS argument
	FROM pg_catalog.pg_proc p
	JOIN sch s ON s.oid = p.pronamespace
	JOIN pg_catalog.pg_language l ON l.oid = p.prolang
	LEFT JOIN ext x ON x.classid = 'pg_proc'::regclass AND x.objid = p.oid
),
-- One overload that is volatile or not of the extension makes the whole name unsafe.
pure AS (
	SELECT proname AS name FROM fn WHERE on_path GROUP BY proname HAVING pg_catalog.bool_and(pure)
	UNION
	SELECT nspname || '.' || proname FROM fn GROUP BY nspname, proname HAVING pg_catalog.bool_and(pure)
)
SELECT DISTINCT 'shadow_function' AS kind, f.proname::text AS name
FROM fn f
WHERE f.on_path AND NOT f.harmless AND EXISTS (
	SELECT FROM pg_catalog.pg_proc b WHERE b.proname = f.proname AND b.pronamespace = 'pg_catalog'::regnamespace)
UNION ALL
SELECT DISTINCT 'shadow_operator', o.oprname::text
FROM pg_catalog.pg_operator o
JOIN sch s ON s.oid = o.oprnamespace AND s.on_path
LEFT JOIN pg_catalog.pg_type l ON l.oid = o.oprleft
LEFT JOIN pg_catalog.pg_type r ON r.oid = o.oprright
WHERE coalesce(l.typnamespace, 'pg_catalog'::regnamespace) = 'pg_catalog'::regnamespace
	AND coalesce(r.typnamespace, 'pg_catalog'::regnamespace) = 'pg_catalog'::regnamespace
	AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = 'pg_operator'::regclass AND x.objid = o.oid)
UNION ALL
SELECT 'extension_function', name FROM pure
UNION ALL
SELECT DISTINCT 'user_function', f.proname::text
FROM fn f WHERE f.on_path AND f.one_argument AND f.proname NOT IN (SELECT name FROM pure)
UNION ALL
-- Composite, record and polymorphic arguments, and domains over a composite type.
SELECT DISTINCT 'row_function', f.proname::text
FROM fn f
JOIN pg_catalog.pg_type t ON t.oid = f.argument
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
WHERE f.on_path AND f.one_argument AND f.proname NOT IN (SELECT name FROM pure)
	AND (t.typtype IN ('c', 'p') OR b.typtype = 'c')
ORDER BY 1, 2
