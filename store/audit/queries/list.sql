-- Rows of the audit log, the newest first.
-- $1, $2: since and until, or null. $3, $4: pairs of issuer and subject. $5: subject, $6: tool, $7: outcome; '' for any.
-- $8: limit. $9: id of the row behind which to begin, or 0; where there is none of this id, the next older one counts.
SELECT l.id, l.at, coalesce(l.issuer, ''), coalesce(l.subject, ''), coalesce(l.tool, ''), coalesce(l.effect, ''), l.objects, l.outcome,
	coalesce(pg_catalog.round(l.duration_ms * 1e6), 0)::bigint,
	coalesce(l.arguments_digest, ''), coalesce(l.ref, ''), coalesce(l.request_id, ''), coalesce(l.trace_id, ''), coalesce(pg_catalog.host(l.address), '')
FROM fluxmcp.audit_log l
WHERE ($1::timestamptz IS NULL OR l.at >= $1)
	AND ($2::timestamptz IS NULL OR l.at < $2)
	AND ($5 = '' OR (l.subject = ANY ($4::text[] || $5::text) OR l.subject IS NULL AND '' = ANY ($4)) -- for the index
		AND (l.subject = $5 OR EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS p(issuer, subject)
			WHERE p.issuer = coalesce(l.issuer, '') AND p.subject = coalesce(l.subject, ''))))
	AND ($6 = '' OR l.tool = $6)
	AND ($7 = '' OR l.outcome = $7)
	AND ($9::bigint = 0 OR (l.at, l.id) < (SELECT b.at, $9::bigint FROM fluxmcp.audit_log b WHERE b.id <= $9 ORDER BY b.id DESC LIMIT 1))
ORDER BY l.at DESC, l.id DESC
LIMIT $8::bigint
