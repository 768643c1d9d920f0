-- Comments of columns of the relations $1.
SELECT d.objoid, d.objsubid, d.description
FROM pg_catalog.pg_description d
WHERE d.classoid = 'pg_class'::regclass AND d.objsubid > 0 AND d.objoid = ANY($1::oid[])
