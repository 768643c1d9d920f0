-- Names of the types $1 with their modifiers $2, pairwise.
SELECT t.id, t.mod, pg_catalog.format_type(t.id, t.mod) FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int[])) AS t(id, mod)
