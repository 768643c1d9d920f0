-- The statements that give the reader role $6 what it may read and take from it what it must not have.
-- $1, $2: forbidden names as in closure.sql. $3, $4, $5: hidden columns, triples of schema ('' for any), table and column.
-- Rows, in order: step (0 is an error), statement.
WITH RECURSIVE closed AS MATERIALIZED (/*closure*/),
hide AS (
	SELECT h.sch, h.tab, h.col, c.oid, a.attname
	FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) AS h(sch, tab, col)
	LEFT JOIN (pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
		ON c.relname = h.tab AND h.sch IN ('', n.nspname) AND a.attname = h.col AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
hidden(oid, attname) AS ( -- partitions and children have the same columns
	SELECT oid, attname FROM hide WHERE oid IS NOT NULL
	UNION
	SELECT i.inhrelid, h.attname FROM hidden h JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
),
shows(oid) AS ( -- views that read a hidden column, or whole rows of its table, and views on those
	SELECT w.ev_class
	FROM hidden h
	JOIN pg_catalog.pg_attribute a ON a.attrelid = h.oid AND a.attname = h.attname
	JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = h.oid AND d.classid = 'pg_rewrite'::regclass
	JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1' AND w.ev_class <> h.oid
	WHERE d.refobjsubid = a.attnum OR w.ev_action::text LIKE '%:varattno 0 %'
	UNION
	SELECT w.ev_class
	FROM shows s
	JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_rewrite'::regclass
	JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1' AND w.ev_class <> s.oid
),
rel AS (
	SELECT c.oid, c.relkind, c.relowner, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
		c.oid IN (SELECT oid FROM closed WHERE kind <> 'function') OR c.oid IN (SELECT oid FROM shows) AS refused,
		CASE WHEN EXISTS (SELECT FROM hidden h WHERE h.oid = c.oid) THEN
			coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
				WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
					AND a.attname NOT IN (SELECT h.attname FROM hidden h WHERE h.oid = c.oid)), '')
		END AS columns
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'fluxmcp') AND n.nspname !~ '^pg_'
),
sch AS (
	SELECT n.nspname, n.oid, EXISTS (SELECT FROM rel r WHERE r.nspname = n.nspname AND NOT r.refused) OR n.nspname = 'public' AS used
	FROM pg_catalog.pg_namespace n
	WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'fluxmcp') AND n.nspname !~ '^pg_'
),
others AS ( -- who keeps by name what is taken from PUBLIC
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname) AS list
	FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' AND NOT r.rolsuper AND r.rolname <> $6::text
),
file_function AS (
	SELECT p.oid, p.oid::regprocedure::text AS name FROM pg_catalog.pg_proc p
	WHERE p.proname ~ '^(pg_read_file|pg_read_binary_file|pg_stat_file|pg_ls_dir|pg_file_[a-z]+|pg_logdir_ls|lo_import|lo_export|dblink_connect_u)$'
),
public_right AS (
	SELECT pg_catalog.format('TEMPORARY ON DATABASE %I', pg_catalog.current_database()) AS what
	WHERE pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'TEMPORARY')
	UNION ALL
	SELECT pg_catalog.format('CREATE ON SCHEMA %I', s.nspname) FROM sch s WHERE pg_catalog.has_schema_privilege('public', s.oid, 'CREATE')
	UNION ALL
	SELECT v.right || ' ON ' || r.name
	FROM rel r CROSS JOIN pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS v("right")
	WHERE r.relkind <> 'S' AND pg_catalog.has_table_privilege('public', r.oid, v.right) AND (v.right <> 'SELECT' OR r.refused OR r.columns IS NOT NULL)
	UNION ALL
	SELECT v.right || ' ON SEQUENCE ' || r.name
	FROM rel r CROSS JOIN pg_catalog.unnest(ARRAY['USAGE', 'UPDATE']) AS v("right")
	WHERE CASE WHEN r.relkind = 'S' THEN pg_catalog.has_sequence_privilege('public', r.oid, v.right) END
	UNION ALL
	SELECT 'EXECUTE ON FUNCTION ' || d.identity
	FROM closed d JOIN pg_catalog.pg_proc p ON p.oid = d.oid
	WHERE d.kind = 'function' AND p.prosecdef AND pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
	UNION ALL
	SELECT 'EXECUTE ON FUNCTION ' || f.name FROM file_function f WHERE pg_catalog.has_function_privilege('public', f.oid, 'EXECUTE')
),
statement(step, sorting, text) AS (
	SELECT 0, '', pg_catalog.format('there is no column %s%s.%s to hide', coalesce(nullif(h.sch, '') || '.', ''), h.tab, h.col) FROM hide h WHERE h.oid IS NULL
	UNION ALL
	SELECT 1, s.nspname, pg_catalog.format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', s.nspname, $6::text) FROM sch s
	UNION ALL
	SELECT 1, s.nspname, pg_catalog.format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', s.nspname, $6::text) FROM sch s
	UNION ALL
	SELECT 1, s.nspname, pg_catalog.format('REVOKE ALL ON SCHEMA %I FROM %I', s.nspname, $6::text)
	FROM pg_catalog.pg_namespace s WHERE s.nspname = 'fluxmcp' OR s.nspname IN (SELECT nspname FROM sch)
	UNION ALL
	SELECT 2, s.nspname, pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', s.nspname, $6::text) FROM sch s WHERE s.used
	UNION ALL
	SELECT 3, r.name, pg_catalog.format('GRANT SELECT%s ON %s%s TO %I', ' (' || r.columns || ')', CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, r.name, $6::text)
	FROM rel r WHERE NOT r.refused AND r.columns IS DISTINCT FROM ''
	UNION ALL
	SELECT DISTINCT 4, s.nspname, pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I', o.rolname, s.nspname, $6::text)
	FROM sch s
	JOIN (SELECT nspname, relowner FROM rel UNION SELECT nspname, pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))::oid FROM sch) r ON r.nspname = s.nspname
	JOIN pg_catalog.pg_roles o ON o.oid = r.relowner AND pg_catalog.pg_has_role(session_user, o.oid, 'MEMBER')
	WHERE s.used AND o.rolname <> $6::text
	UNION ALL
	SELECT 5, p.what || ' 1', pg_catalog.format('GRANT %s TO %s', p.what, o.list) FROM public_right p, others o WHERE o.list IS NOT NULL
	UNION ALL
	SELECT 5, p.what || ' 2', pg_catalog.format('REVOKE %s FROM PUBLIC', p.what) FROM public_right p
	UNION ALL
	SELECT 6, v.right, pg_catalog.format('REVOKE %s ON DATABASE %I FROM %I', v.right, pg_catalog.current_database(), $6::text) FROM pg_catalog.unnest(ARRAY['CREATE', 'TEMPORARY']) AS v("right")
	UNION ALL
	SELECT 6, r.rolname, pg_catalog.format('REVOKE %I FROM %I', r.rolname, $6::text)
	FROM pg_catalog.pg_auth_members m
	JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
	WHERE m.member = pg_catalog.to_regrole(pg_catalog.quote_ident($6::text))
	UNION ALL
	SELECT 6, f.name, pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I', f.name, $6::text)
	FROM file_function f, pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x
	WHERE p.oid = f.oid AND x.grantee = pg_catalog.to_regrole(pg_catalog.quote_ident($6::text))
	UNION ALL
	SELECT 6, d.identity, pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I', d.identity, $6::text)
	FROM closed d, pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x
	WHERE d.kind = 'function' AND p.oid = d.oid AND x.grantee = pg_catalog.to_regrole(pg_catalog.quote_ident($6::text))
)
SELECT s.step, s.text FROM statement s ORDER BY s.step, s.sorting, s.text
