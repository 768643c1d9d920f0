-- What the current role, which runs agents' SQL, can do beyond reading what it should.
-- $1, $2: forbidden names as in closure.sql.
-- Rows: severity, what, subject, statement that mends it.
WITH closed AS MATERIALIZED (/*closure*/),
me AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname = current_user),
rel AS (
	SELECT c.oid, c.relkind, c.relowner, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
		pg_catalog.concat_ws(', ', VARIADIC ARRAY(SELECT v.p FROM pg_catalog.unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) v(p)
			WHERE CASE WHEN v.p IN ('INSERT', 'UPDATE', 'REFERENCES') THEN pg_catalog.has_any_column_privilege(c.oid, v.p) ELSE pg_catalog.has_table_privilege(c.oid, v.p) END)) AS writes
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(temp|toast_temp)_'
),
role_problem AS (
	SELECT 'critical' AS severity, 'is a superuser' AS what, '' AS subject, pg_catalog.format('ALTER ROLE %I NOSUPERUSER;', current_user) AS mend FROM me WHERE rolsuper
	UNION ALL
	SELECT 'critical', 'passes by row security (BYPASSRLS)', '', pg_catalog.format('ALTER ROLE %I NOBYPASSRLS;', current_user) FROM me WHERE rolbypassrls AND NOT rolsuper
	UNION ALL
	SELECT 'critical', 'can make roles (CREATEROLE)', '', pg_catalog.format('ALTER ROLE %I NOCREATEROLE;', current_user) FROM me WHERE rolcreaterole AND NOT rolsuper
	UNION ALL
	SELECT 'warning', 'can make databases (CREATEDB)', '', pg_catalog.format('ALTER ROLE %I NOCREATEDB;', current_user) FROM me WHERE rolcreatedb AND NOT rolsuper
	UNION ALL
	SELECT 'critical', 'can copy the whole cluster (REPLICATION)', '', pg_catalog.format('ALTER ROLE %I NOREPLICATION;', current_user) FROM me WHERE rolreplication AND NOT rolsuper
	UNION ALL
	SELECT CASE WHEN r.rolname ~ 'files|program|write|read_all_data|maintain|subscription' THEN 'critical' ELSE 'warning' END,
		'is a member of a powerful role', r.rolname, pg_catalog.format('REVOKE %I FROM %I;', r.rolname, current_user)
	FROM pg_catalog.pg_roles r, me
	WHERE NOT me.rolsuper AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
		AND r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data',
			'pg_read_all_data', 'pg_signal_backend', 'pg_checkpoint', 'pg_maintain', 'pg_create_subscription', 'pg_database_owner')
),
other_problem AS (
	SELECT 'critical' AS severity, 'owns a relation' AS what, r.name AS subject, pg_catalog.format('ALTER TABLE %s OWNER TO another_role;', r.name) AS mend
	FROM rel r WHERE pg_catalog.pg_has_role(r.relowner, 'MEMBER')
	UNION ALL
	SELECT 'critical', 'can write (' || r.writes || ')', r.name, pg_catalog.format('REVOKE %s ON %s FROM %I, PUBLIC;', r.writes, r.name, current_user)
	FROM rel r WHERE r.writes <> '' AND NOT pg_catalog.pg_has_role(r.relowner, 'MEMBER')
	UNION ALL
	SELECT 'warning', 'can advance a sequence', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('REVOKE USAGE, UPDATE ON SEQUENCE %I.%I FROM %I, PUBLIC;', n.nspname, c.relname, current_user)
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE, UPDATE') ELSE false END AND NOT pg_catalog.pg_has_role(c.relowner, 'MEMBER')
	UNION ALL
	SELECT 'critical', 'can read a forbidden relation or one that shows its rows', d.identity, pg_catalog.format('REVOKE SELECT ON %s FROM %I, PUBLIC;', d.identity, current_user)
	FROM closed d JOIN pg_catalog.pg_class c ON c.oid = d.oid
	WHERE d.kind <> 'function' AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
		AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') ELSE pg_catalog.has_any_column_privilege(c.oid, 'SELECT') END
	UNION ALL
	SELECT 'critical', 'can call a SECURITY DEFINER function that names a forbidden relation', d.identity,
		pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I, PUBLIC;', d.identity, current_user)
	FROM closed d JOIN pg_catalog.pg_proc p ON p.oid = d.oid
	WHERE d.kind = 'function' AND p.prosecdef AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AND pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE')
	UNION ALL
	SELECT 'critical', 'can reach files or other servers with a function', p.oid::regprocedure::text, pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I, PUBLIC;', p.oid::regprocedure, current_user)
	FROM pg_catalog.pg_proc p
	WHERE p.proname ~ '^(pg_read_file|pg_read_binary_file|pg_stat_file|pg_ls_dir|pg_file_[a-z]+|pg_logdir_ls|lo_import|lo_export|dblink_connect_u)$'
		AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AND pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE')
	UNION ALL
	SELECT 'warning', 'can create in a schema', pg_catalog.quote_ident(n.nspname), pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM %I, PUBLIC;', n.nspname, current_user)
	FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')
	UNION ALL
	SELECT 'warning', 'can create in the database', pg_catalog.quote_ident(pg_catalog.current_database()), pg_catalog.format('REVOKE CREATE ON DATABASE %I FROM %I, PUBLIC;', pg_catalog.current_database(), current_user)
	WHERE pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
	UNION ALL
	SELECT 'warning', 'can create temporary tables', pg_catalog.quote_ident(pg_catalog.current_database()), pg_catalog.format('REVOKE TEMPORARY ON DATABASE %I FROM %I, PUBLIC;', pg_catalog.current_database(), current_user)
	WHERE pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
)
SELECT severity, what, subject, mend FROM role_problem
UNION ALL
-- A superuser can do all the rest; saying so once is enough.
SELECT severity, what, subject, mend FROM other_problem WHERE NOT (SELECT rolsuper FROM me)
UNION ALL
SELECT 'info', 'shares its login with the application, so only the transaction keeps it apart', session_user, 'Set QUERY_DATABASE_URL to a login of its own (fluxmcp guard setup-sql --login).'
WHERE session_user <> current_user
ORDER BY 1, 2, 3
