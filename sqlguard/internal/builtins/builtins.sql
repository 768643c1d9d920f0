-- One line per function name of pg_catalog: name, worst volatility, flags.
-- r: an overload takes a relation as regclass; n: no overload can be called from a query
-- (cstring, internal or trigger arguments or result); s: every overload returns a plain value or an array of them.
SELECT proname || ' ' ||
  CASE WHEN bool_or(provolatile = 'v') THEN 'v' WHEN bool_or(provolatile = 's') THEN 's' ELSE 'i' END ||
  CASE WHEN bool_or('regclass'::regtype = ANY (proargtypes)) THEN 'r' ELSE '' END ||
  CASE WHEN bool_and(pseudo) THEN 'n' ELSE '' END ||
  CASE WHEN bool_and(t.typtype IN ('b', 'e', 'r', 'm') AND (t.typelem = 0 OR e.typtype IN ('b', 'e', 'r', 'm'))) THEN 's' ELSE '' END
FROM (SELECT *, prorettype IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
    'language_handler'::regtype, 'fdw_handler'::regtype, 'index_am_handler'::regtype, 'tsm_handler'::regtype,
    'table_am_handler'::regtype, 'pg_ddl_command'::regtype)
  OR 'internal'::regtype = ANY (proargtypes) OR 'cstring'::regtype = ANY (proargtypes) AS pseudo
  FROM pg_proc) p JOIN pg_type t ON t.oid = p.prorettype LEFT JOIN pg_type e ON e.oid = t.typelem
WHERE pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384
GROUP BY proname ORDER BY proname COLLATE "C"
