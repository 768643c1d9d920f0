package sqlguard

import (
	"flag"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/rewrite"
	pgquery "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var normals = flag.Int("normals", 3000, "mutants held against their normal form; 100000 takes about a minute")

// goesOn is what may stand between two parts of one string.
var goesOn = regexp.MustCompile(`'[ \t\f]*(--[^\n\r]*)?[\n\r]([ \t\f\n\r]|--[^\n\r]*[\n\r])*'`)

// withoutLineComments blanks comments out, one at a time: the parser's scanner ends a string before one, where the server
// goes on with the string after it (and reads backslashes in it, or not).
func withoutLineComments(sql string) string {
	for {
		scanned, err := pgquery.Scan(sql)
		if err != nil {
			return sql
		}
		at := slices.IndexFunc(scanned.Tokens, func(t *pgquery.ScanToken) bool { return t.Token == pgquery.Token_SQL_COMMENT })
		if at < 0 {
			return sql
		}
		c := scanned.Tokens[at]
		sql = sql[:c.Start] + strings.Repeat(" ", int(c.End-c.Start)) + sql[c.End:]
	}
}

// lexemes cuts a text with PostgreSQL's own scanner: kind and spelling of each token, folded as PostgreSQL folds.
func lexemes(t testing.TB, sql string) (out []string, ok bool) {
	if _, err := pgquery.Scan(sql); err != nil {
		return nil, false
	}
	for _, p := range pieces(t, sql) {
		switch {
		case strings.HasPrefix(p.text, `"`), strings.HasPrefix(p.text, "$"), p.token == pgquery.Token_FCONST, p.token == pgquery.Token_ICONST:
		case strings.ContainsAny(p.text, `'"`):
			quote := strings.IndexAny(p.text, `'"`)
			p.text = asciiLower(p.text[:quote]) + goesOn.ReplaceAllString(p.text[quote:], "'\n'")
		default:
			p.text = asciiLower(p.text)
		}
		out = append(out, p.token.String()+" "+p.text)
	}
	return out, true
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

// holdNormal checks one text against its normal form. It reports whether the text parses.
func holdNormal(t *testing.T, sql string) (parses bool) {
	t.Helper()
	form := Statement{text: sql}.Normalized()
	sql = withoutLineComments(sql)
	if again := (Statement{text: form}).Normalized(); again != form {
		t.Errorf("sql:   %q\nform   %q\nhas the normal form\n       %q", sql, form, again)
	}
	if form == sql {
		return false
	}
	want, scans := lexemes(t, sql)
	got, scansToo := lexemes(t, form)
	if scans != scansToo || !slices.Equal(got, want) {
		t.Errorf("sql:  %q\nform: %q\ngot  tokens %q (%v)\nwant tokens %q (%v)", sql, form, got, scansToo, want, scans)
	}
	if !scans || fit(sql) != nil {
		return false
	}
	return holdMeaning(t, sql, form)
}

// holdMeaning compares what PostgreSQL's grammar makes of a text and of its form. Block comments are blanked
// out where the parser, unlike the server, trips over them.
func holdMeaning(t *testing.T, sql, form string) (parses bool) {
	t.Helper()
	tree, err := pgquery.Parse(sql)
	other, errOther := pgquery.Parse(form)
	if err != nil && errOther != nil {
		return false
	}
	if (err == nil) != (errOther == nil) {
		if blanked, ok := rewrite.WithoutComments(sql); ok {
			return holdMeaning(t, blanked, form)
		}
		t.Errorf("sql:  %q (%v)\nform: %q (%v): one parses, the other does not", sql, err, form, errOther)
		return false
	}
	print, _ := pgquery.Fingerprint(sql)
	if got, _ := pgquery.Fingerprint(form); got != print {
		t.Errorf("sql:  %q\nform: %q\ngot  fingerprint %s, want %s", sql, form, got, print)
	}
	forgetPlaces(tree.ProtoReflect())
	forgetPlaces(other.ProtoReflect())
	if !proto.Equal(tree, other) {
		t.Errorf("sql:  %q\nform: %q\ngot  tree %v\nwant tree %v", sql, form, other, tree)
	}
	return true
}

// forgetPlaces clears where in the text a node was. What is left is all that the server sees of a statement.
func forgetPlaces(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				forgetPlaces(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			forgetPlaces(v.Message())
		case strings.HasSuffix(string(f.Name()), "location") || f.Name() == "stmt_len":
			m.Clear(f)
		}
		return true
	})
}

// marked are bytes and words that open, close, split or join tokens.
var marked = strings.Split(`' " $ $$ $a$ -- /* */ - + * / @ = < > ! . : :: ; , ( ) [ ] \ 1 0x 1e 1.5 .5 _ e E' u&' u&" n' b' x' A é $1 ..`+" \n \r \t \f \v", " ")

// broken changes a few bytes of a text, often where a token starts or ends.
func (m mutator) broken(sql string) string {
	for range 1 + m.IntN(3) {
		at := m.IntN(len(sql) + 1)
		switch m.IntN(3) {
		case 0:
			sql = sql[:at] + sql[min(at+1, len(sql)):]
		case 1:
			sql = sql[:at] + " " + sql[at:]
		default:
			sql = sql[:at] + marked[m.IntN(len(marked))] + sql[at:]
		}
	}
	return strings.ToValidUTF8(sql, "é")
}

var corpora = []string{"testdata/corpus.tsv", "testdata/hostile.tsv", "testdata/honest.tsv"}

// TestNormalizedMeansTheSame holds each row and mutants of it: respelt, spaced and nested ones, and broken ones, most of
// which do not parse but must be cut alike.
func TestNormalizedMeansTheSame(t *testing.T) {
	rows, cut := statements(t, "allow", corpora...)
	denied, cutDenied := statements(t, "deny", corpora...)
	rows, cut = append(rows, denied...), append(cut, cutDenied...)
	m := mutator{rand.New(rand.NewPCG(2026, 13))}
	parsed := 0
	for i := 0; i < *normals+len(rows) && !t.Failed(); i++ {
		sql := rows[i%len(rows)].sql
		switch {
		case i < len(rows):
		case i%3 == 0:
			sql = m.broken(sql)
		case i%3 == 1 && len(cut[i%len(rows)]) > 0:
			sql = m.mutate(cut[i%len(rows)], slots)
		default:
			sql = m.broken(m.spaced(cut[i%len(rows)]))
		}
		if holdNormal(t, sql) {
			parsed++
		}
	}
	t.Logf("%d texts held, %d of them parse", *normals+len(rows), parsed)
	if parsed < *normals/4 {
		t.Errorf("only %d of %d texts parse and change: the mutations are too wild", parsed, *normals)
	}
}

// TestSpellingsShareANormalForm holds that white space, comments and letter case make no other form.
func TestSpellingsShareANormalForm(t *testing.T) {
	rows, cut := statements(t, "allow", corpora...)
	m := mutator{rand.New(rand.NewPCG(2026, 14))}
	for i, r := range rows {
		want := Statement{text: r.sql}.Normalized()
		for range 5 {
			sql := m.spaced(m.recased(cut[i])) + []string{"", ";", " ; -- done", ";/* */;\n"}[m.IntN(4)]
			if got := (Statement{text: sql}).Normalized(); got != want {
				t.Errorf("%s\nsql:  %q\nrow:  %q\ngot  %q\nwant %q", r.id, sql, r.sql, got, want)
			}
		}
	}
}

// recased changes the letter case of keywords and unquoted names.
func (m mutator) recased(list []piece) []piece {
	out := slices.Clone(list)
	for i, p := range out {
		if isPlain(p.text) && !strings.ContainsAny(p.text[:1], "0123456789") {
			out[i].text = m.anyCase(p.text)
		}
	}
	return out
}

func TestNormalizedKeepsMeaningsApart(t *testing.T) {
	for _, c := range []struct{ name, a, b string }{
		{"a quoted name's case", `SELECT "A"`, `SELECT "a"`},
		{"a string's case", "SELECT 'A'", "SELECT 'a'"},
		{"a string's blanks", "SELECT 'a  b'", "SELECT 'a b'"},
		{"a comment within a string", "SELECT '/* */'", "SELECT ''"},
		{"a national string and a type's constant", "SELECT n'a'", "SELECT n 'a'"},
		{"a minus within an operator", "SELECT @-1", "SELECT @ -1"},
		{"a doubled quote and two strings", "SELECT 'a''b'", "SELECT 'a' 'b'"},
		{"a string that goes on and two strings", "SELECT 'a'\n'b'", "SELECT 'a' 'b'"},
		{"a fraction and an alias", "SELECT 1.5", "SELECT 1 .5"},
		{"parameters", "SELECT $1", "SELECT $2"},
		{"a dollar tag's text", "SELECT $A$x$A$", "SELECT $a$x$a$"},
		{"another letter than ASCII's", "SELECT É", "SELECT é"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := Statement{text: c.a}.Normalized(), Statement{text: c.b}.Normalized()
			if a == b {
				t.Errorf("%s and %s have the same form %q", c.a, c.b, a)
			}
		})
	}
}

// FuzzNormalized holds what TestNormalizedMeansTheSame does, for any text.
func FuzzNormalized(f *testing.F) {
	for _, path := range corpora {
		for _, r := range readRows(f, path) {
			f.Add(r.sql)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if fit(sql) == nil {
			holdNormal(t, sql)
		}
	})
}

// BenchmarkNormalized takes the corpus's allowed rows in turn.
func BenchmarkNormalized(b *testing.B) {
	texts := allowedTexts(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = Statement{text: texts[i%len(texts)]}.Normalized()
	}
}

// BenchmarkScan is what Normalized would cost at least if it asked PostgreSQL's scanner.
func BenchmarkScan(b *testing.B) {
	texts := allowedTexts(b)
	for i := 0; b.Loop(); i++ {
		if _, err := pgquery.Scan(texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}
