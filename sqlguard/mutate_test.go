package sqlguard

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

var mutants = flag.Int("mutants", 20_000, "mutants of the denied rows that must parse and be refused; 200000 takes about a minute")

// piece is one token of a statement with what it is.
type piece struct {
	text    string
	token   pgquery.Token
	keyword pgquery.KeywordKind
}

// pieces cuts a statement into tokens, without comments and without semicolons at its end.
func pieces(t testing.TB, sql string) []piece {
	scanned, err := pgquery.Scan(sql)
	if err != nil {
		t.Fatalf("scan %q: %v", sql, err)
	}
	var out []piece
	for i, tok := range scanned.GetTokens() {
		if tok.Token == pgquery.Token_UIDENT || tok.Token == pgquery.Token_USCONST { // the scanner gives these no end
			tok.End = int32(len(sql))
			if i+1 < len(scanned.Tokens) {
				tok.End = scanned.Tokens[i+1].Start
			}
		}
		if tok.Token == pgquery.Token_SQL_COMMENT || tok.Token == pgquery.Token_C_COMMENT {
			continue
		}
		out = append(out, piece{strings.TrimSpace(sql[tok.Start:tok.End]), tok.Token, tok.KeywordKind})
	}
	for len(out) > 0 && out[len(out)-1].text == ";" {
		out = out[:len(out)-1]
	}
	return out
}

// mutator rewrites statements without changing what they mean.
type mutator struct{ *rand.Rand }

// spaced joins tokens with white space and comments of all kinds.
func (m mutator) spaced(list []piece) string {
	blanks := []string{" ", " ", " ", "  ", "\n", "\t", "\r\n", "\f", " /* x */ ", "/**/", " -- ; c\n", " -- ' \r", " /* /* ' */ \" */ ", " /* ; DROP */ "}
	plain := m.IntN(3) == 0
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			blank := " "
			if !plain {
				blank = blanks[m.IntN(len(blanks))]
			}
			b.WriteString(blank)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// respell changes the spelling of some tokens: case, quoting, Unicode escapes, string syntax.
func (m mutator) respell(list []piece) []piece {
	out := make([]piece, len(list))
	for i, p := range list {
		switch {
		case m.IntN(3) > 0:
		case p.token == pgquery.Token_IDENT && isPlain(p.text):
			p.text = m.identifier(p.text)
		case p.keyword != pgquery.KeywordKind_NO_KEYWORD && isPlain(p.text):
			p.text = m.anyCase(p.text)
		case p.token == pgquery.Token_SCONST && strings.HasPrefix(p.text, "'") && !strings.ContainsAny(p.text, "\\\n"):
			p.text = m.literal(strings.ReplaceAll(p.text[1:len(p.text)-1], "''", "'"))
		}
		out[i] = p
	}
	return out
}

func isPlain(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func (m mutator) anyCase(s string) string {
	return strings.Map(func(r rune) rune {
		if m.IntN(2) == 0 {
			return []rune(strings.ToUpper(string(r)))[0]
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, s)
}

func (m mutator) identifier(s string) string {
	folded := strings.ToLower(s)
	switch m.IntN(4) {
	case 0:
		return m.anyCase(s)
	case 1:
		return `"` + folded + `"`
	case 2:
		return `U&"` + m.escaped(folded, `\`) + `"`
	}
	return s
}

// escaped writes some characters as Unicode escapes.
func (m mutator) escaped(s, mark string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case m.IntN(3) == 0:
			fmt.Fprintf(&b, "%s%04x", mark, r)
		case m.IntN(6) == 0:
			fmt.Fprintf(&b, "%s+%06X", mark, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (m mutator) literal(s string) string {
	doubled := strings.ReplaceAll(s, "'", "''")
	switch m.IntN(5) {
	case 0:
		if !strings.Contains(s, "'") {
			return `U&'` + m.escaped(s, `\`) + `'`
		}
	case 1:
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
		return `E'` + b.String() + `'`
	case 2:
		if !strings.Contains(s, "$") {
			return "$Q_1$" + s + "$Q_1$"
		}
	case 3:
		if _, first := utf8.DecodeRuneInString(s); len(s) > first && !strings.Contains(s, "'") {
			return "'" + s[:first] + "'\n'" + s[first:] + "'"
		}
	}
	return "'" + doubled + "'"
}

// slots nest a query, given in brackets, into every place a sub-select can stand.
var slots = []string{
	"SELECT %s", "SELECT 1 WHERE EXISTS %s", "SELECT ARRAY%s", "SELECT * FROM %s AS q", "SELECT 1 FROM users u, LATERAL %s q",
	"SELECT 1 FROM users u LEFT JOIN %s q ON true", "SELECT 1 FROM users u JOIN orders o ON o.id = %s", "SELECT id FROM users ORDER BY %s",
	"SELECT id FROM users LIMIT %s", "SELECT id FROM users OFFSET %s", "SELECT id FROM users FETCH FIRST %s ROWS ONLY", "SELECT id FROM users WHERE id = %s",
	"SELECT id FROM users WHERE id IN %s", "SELECT id FROM users WHERE id NOT IN %s", "SELECT id FROM users WHERE id > ALL %s", "SELECT id FROM users WHERE id = ANY %s",
	"SELECT count(*) FROM users GROUP BY %s", "SELECT count(*) FROM users GROUP BY CUBE (country, %s)", "SELECT count(*) FROM users GROUP BY GROUPING SETS ((), (%s))",
	"SELECT count(*) FROM users HAVING 1 = %s", "SELECT DISTINCT ON (%s) id FROM users", "VALUES (1, %s)", "SELECT * FROM (VALUES (%s)) v", "SELECT 1 UNION ALL %s",
	"%s UNION SELECT 1", "%s EXCEPT ALL SELECT 1", "SELECT 1 INTERSECT (SELECT 1 UNION %s)", "WITH q AS %s SELECT * FROM q", "WITH q AS MATERIALIZED %s SELECT 1",
	"WITH RECURSIVE q AS (SELECT 1 UNION ALL %s) SELECT * FROM q", "WITH a AS (WITH q AS %s SELECT * FROM q) SELECT * FROM a", "SELECT COALESCE(NULL, %s)",
	"SELECT NULLIF(%s, NULL)", "SELECT GREATEST(1, %s)", "SELECT CASE WHEN true THEN %s END", "SELECT CASE WHEN %s IS NULL THEN 1 END", "SELECT CASE %s WHEN 1 THEN 2 END",
	"SELECT CASE 1 WHEN %s THEN 2 ELSE 3 END", "SELECT lower(%s)", "SELECT concat(VARIADIC ARRAY%s)", "SELECT make_interval(days => %s)", "SELECT count(%s) FROM users",
	"SELECT count(*) FILTER (WHERE 1 = %s) FROM users", "SELECT string_agg(name, ',' ORDER BY %s) FROM users", "SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY id) FROM users",
	"SELECT mode() WITHIN GROUP (ORDER BY %s) FROM users", "SELECT rank() OVER (PARTITION BY %s) FROM users", "SELECT rank() OVER (ORDER BY %s) FROM users",
	"SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN %s PRECEDING AND CURRENT ROW) FROM users", "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND %s FOLLOWING) FROM users",
	"SELECT rank() OVER w FROM users WINDOW w AS (PARTITION BY %s)", "SELECT tags[%s] FROM users", "SELECT tags[1:%s] FROM users", "SELECT ARRAY[1, %s]", "SELECT ROW(1, %s)",
	"SELECT (1, %s) = (1, 2)", "SELECT %s::text", "SELECT CAST(%s AS text)", "SELECT %s IS NULL", "SELECT NOT (%s IS DISTINCT FROM 1)", "SELECT 1 BETWEEN %s AND 3", "SELECT 'a' LIKE 'b' ESCAPE %s",
	"SELECT 'a' SIMILAR TO %s", "SELECT -%s", "SELECT 1 + %s", "SELECT 'a' || %s", "SELECT %s IS TRUE", "SELECT %s AT TIME ZONE 'UTC'", "SELECT now() AT TIME ZONE %s", "SELECT %s COLLATE \"C\"",
	"SELECT extract(year FROM %s)", "SELECT overlay('a' PLACING %s FROM 1)", "SELECT position(%s IN 'a')", "SELECT substring('a' FROM %s)", "SELECT trim(BOTH %s FROM 'a')",
	"SELECT (now(), %s) OVERLAPS (now(), now())", "SELECT COLLATION FOR (%s)", "SELECT %s IS NFC NORMALIZED", "SELECT %s IS JSON", "SELECT JSON_ARRAY%s", "SELECT JSON_OBJECT('a': %s)",
	"SELECT JSON_ARRAYAGG(%s)", "SELECT JSON_OBJECTAGG('a': %s)", "SELECT xmlelement(name a, %s)", "SELECT xmlelement(name a, xmlattributes(%s AS b))", "SELECT xmlforest(%s AS a)", "SELECT xmlpi(name a, %s)",
	"SELECT xmlparse(content %s)", "SELECT xmlserialize(content %s AS text)", "SELECT xmlexists('/a' PASSING %s)", "SELECT x.* FROM xmltable('/a' PASSING %s COLUMNS v text PATH '.') x",
	"SELECT x.* FROM xmltable('/a' PASSING NULL COLUMNS v text PATH '.' DEFAULT %s) x", "SELECT * FROM users TABLESAMPLE SYSTEM (%s)", "SELECT * FROM users TABLESAMPLE SYSTEM (1) REPEATABLE (%s)",
	"SELECT * FROM unnest(ARRAY%s)", "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY%s)) AS x(a, b)", "SELECT * FROM generate_series(1, %s)", "SELECT 1 OPERATOR(pg_catalog.=) ANY %s",
	"SELECT (SELECT (SELECT %s))", "EXPLAIN SELECT %s", "EXPLAIN (ANALYZE, COSTS off) SELECT * FROM %s AS q", "EXPLAIN ANALYZE VERBOSE SELECT ARRAY%s", "SELECT 1 FROM (users JOIN %s q ON true)",
	"SELECT interval '1 day' * %s", "SELECT %s IS DOCUMENT", "SELECT 1 = SOME %s", "SELECT row_to_json(q) FROM %s q", "SELECT q FROM %s AS q(a)", "WITH q(a) AS NOT MATERIALIZED %s SELECT a FROM q",
}

// frames put a whole statement that is no query into other statements.
var frames = []string{"%s", "%s;", "/* a */ %s -- b", "SELECT 1; %s", "%s; SELECT 1", "EXPLAIN %s", "EXPLAIN ANALYZE %s", "EXPLAIN (ANALYZE, BUFFERS) %s",
	"WITH q AS (%s) SELECT 1", "SELECT * FROM (WITH q AS (%s) SELECT 1) x", "WITH a AS (SELECT 1), q AS (%s) SELECT * FROM a", "SELECT 1 WHERE EXISTS (WITH q AS (%s) SELECT 1)"}

// isQuery reports whether tokens start a statement that can stand in brackets.
func isQuery(list []piece) bool {
	for _, p := range list {
		if p.text == ";" {
			return false
		}
	}
	switch first := strings.ToUpper(list[0].text); first {
	case "SELECT", "VALUES", "TABLE", "WITH", "(":
		return true
	}
	return false
}

// mutate makes one mutant of a statement.
func (m mutator) mutate(list []piece, places []string) string {
	sql := m.spaced(m.respell(list))
	if !isQuery(list) {
		return fmt.Sprintf(frames[m.IntN(len(frames))], sql)
	}
	for range m.IntN(4) {
		sql = strings.Replace(places[m.IntN(len(places))], "%s", "("+sql+")", 1)
		if strings.HasPrefix(sql, "EXPLAIN") {
			break
		}
	}
	return sql
}

// onlyFence reports whether a refusal says nothing about what a statement does.
func onlyFence(v *Violation) bool {
	switch v.Rule {
	case ruleSyntax, ruleTooLarge, ruleTooComplex, ruleEncoding, ruleEmpty:
		return true
	}
	return false
}

// statements reads the rows of one verdict and cuts them into tokens.
func statements(t testing.TB, verdict string, paths ...string) (rows []row, cut [][]piece) {
	for _, path := range paths {
		for _, r := range readRows(t, path) {
			if r.verdict == verdict {
				rows, cut = append(rows, r), append(cut, pieces(t, r.sql))
			}
		}
	}
	return rows, cut
}

func TestMutants(t *testing.T) {
	g := defaultGuard(t, WithCacheBytes(0))
	rows, cut := statements(t, "deny", "testdata/corpus.tsv", "testdata/hostile.tsv")
	m := mutator{rand.New(rand.NewPCG(2026, 11))}
	start, refused, tried, unparsed := time.Now(), 0, 0, 0
	for i := 0; refused < *mutants && tried < 4**mutants; i = (i + 1) % len(rows) {
		tried++
		sql := m.mutate(cut[i], slots)
		got, v := verdictOf(g, sql)
		switch {
		case got != "deny":
			t.Errorf("%s %s\nrow:    %s\nmutant: %s\ngot %s, want deny", rows[i].id, rows[i].reason, rows[i].sql, sql, got)
		case onlyFence(v):
			unparsed++
		default:
			refused++
		}
	}
	if refused < *mutants {
		t.Errorf("only %d of %d mutants parse; want %d", refused, tried, *mutants)
	}
	t.Logf("%d mutants that parse refused, %d more did not parse (%d%%), %.0f a second", refused, unparsed, 100*unparsed/tried, float64(tried)/time.Since(start).Seconds())
}

// honestSlots hold any query, whatever its columns are.
var honestSlots = []string{"SELECT * FROM %s AS q", "SELECT 1 WHERE EXISTS %s", "WITH q AS %s SELECT * FROM q", "WITH q AS MATERIALIZED %s SELECT count(*) FROM q",
	"SELECT 1 FROM departments z, LATERAL %s q", "SELECT count(*) FROM %s q", "SELECT 1 FROM departments z LEFT JOIN %s q ON true", "WITH a AS (WITH q AS %s SELECT * FROM q) SELECT * FROM a",
	"SELECT CASE WHEN EXISTS %s THEN 1 END", "EXPLAIN SELECT * FROM %s AS q", "SELECT row_to_json(q) FROM %s q", "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM %s x)", "%s", "SELECT ARRAY%s"}

func TestHonestMutants(t *testing.T) {
	g := defaultGuard(t, WithCacheBytes(0))
	rows, cut := statements(t, "allow", "testdata/corpus.tsv", "testdata/honest.tsv")
	m := mutator{rand.New(rand.NewPCG(2026, 12))}
	allowed, unparsed := 0, 0
	for i := 0; allowed < *mutants/4; i = (i + 1) % len(rows) {
		sql := m.spaced(m.respell(cut[i]))
		if isQuery(cut[i]) {
			sql = m.mutate(cut[i], honestSlots)
		}
		got, v := verdictOf(g, sql)
		switch {
		case got == "allow":
			allowed++
		case v != nil && onlyFence(v):
			unparsed++
		default:
			t.Errorf("%s %s\nrow:    %s\nmutant: %s\ngot %s %+v, want allow", rows[i].id, rows[i].reason, rows[i].sql, sql, got, v)
			allowed++
		}
	}
	t.Logf("%d honest mutants allowed, %d did not parse", allowed, unparsed)
	if unparsed > allowed/10 {
		t.Errorf("%d of %d honest mutants do not parse: the mutations change the meaning", unparsed, allowed+unparsed)
	}
}
