-- Stores rows in the order given, durably.
-- $1: JSON array of objects with the columns' names; '' is none.
-- Row: the transaction's id.
WITH stored AS (
	INSERT INTO fluxmcp.audit_log (at, issuer, subject, tool, effect, objects, outcome, duration_ms,
		arguments_digest, ref, request_id, trace_id, address)
	SELECT r.at, nullif(r.issuer, ''), nullif(r.subject, ''), nullif(r.tool, ''), nullif(r.effect, ''), coalesce(r.objects, '{}'), r.outcome, r.duration_ms,
		nullif(r.arguments_digest, ''), nullif(r.ref, ''), nullif(r.request_id, ''), nullif(r.trace_id, ''), nullif(r.address, '')::inet
	FROM ROWS FROM (pg_catalog.json_to_recordset($1::json) AS (at timestamptz, issuer text, subject text, tool text, effect text,
		objects text[], outcome text, duration_ms float8, arguments_digest text, ref text, request_id text, trace_id text, address text))
		WITH ORDINALITY AS r(at, issuer, subject, tool, effect, objects, outcome, duration_ms, arguments_digest, ref, request_id, trace_id, address, n)
	ORDER BY r.n
),
-- A stronger setting of the operator, such as remote_apply, is kept.
durable AS MATERIALIZED (
	SELECT pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true) AS level
)
SELECT pg_catalog.pg_current_xact_id()::text FROM durable WHERE durable.level IS NOT NULL
