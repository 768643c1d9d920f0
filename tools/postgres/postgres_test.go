package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/jackc/pgx/v5/pgtype"
)

// fakeDatabase records what reached it and answers as told.
type fakeDatabase struct {
	texts     []string
	params    []any
	limits    store.Limits
	result    *store.Result
	err       error
	stale     error // of Ensure
	refreshed int
	tables    []inspect.Table
	detail    inspect.TableDetail
	health    inspect.Health
}

func (f *fakeDatabase) Query(_ context.Context, s sqlguard.Statement, params []any, lim store.Limits) (*store.Result, error) {
	f.texts, f.params, f.limits = append(f.texts, s.Text()), params, lim
	return f.result, f.err
}
func (f *fakeDatabase) Ensure(context.Context) error                    { return f.stale }
func (f *fakeDatabase) Refresh(context.Context) error                   { f.refreshed++; return nil }
func (f *fakeDatabase) List(context.Context) ([]inspect.Table, error)   { return f.tables, nil }
func (f *fakeDatabase) Tables(context.Context) ([]inspect.Table, error) { return f.tables, nil }
func (f *fakeDatabase) Health(context.Context) (inspect.Health, error)  { return f.health, nil }

func (f *fakeDatabase) Describe(_ context.Context, name string) (inspect.TableDetail, error) {
	if f.detail.Name == "" || !strings.Contains(name, f.detail.Name) {
		return inspect.TableDetail{}, &inspect.NotFound{Name: strings.Trim(name, `"`), Nearest: []string{"users"}}
	}
	return f.detail, nil
}

func (f *fakeDatabase) ColumnsOf(_ context.Context, names []sqlguard.Name) ([]inspect.Table, error) {
	return f.pick(names), nil
}

func (f *fakeDatabase) IndexesOf(_ context.Context, names []sqlguard.Name) ([]inspect.TableIndexes, error) {
	var out []inspect.TableIndexes
	for _, t := range f.pick(names) {
		out = append(out, inspect.TableIndexes{Name: t.Name, Indexes: []inspect.Index{{Definition: "CREATE INDEX ON " + t.Name + " (email)"}}})
	}
	return out, nil
}

func (f *fakeDatabase) pick(names []sqlguard.Name) (found []inspect.Table) {
	for _, t := range f.tables {
		for _, n := range names {
			if n.Name == t.Name {
				found = append(found, t)
			}
		}
	}
	return found
}

// newHandlers wires the toolset around f, with a real guard.
func newHandlers(t *testing.T, f *fakeDatabase) map[string]tools.Tool {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Policy{ForbiddenTables: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]tools.Tool{}
	for _, tool := range New(g, f, f, f, f, Config{}).Tools {
		byName[tool.Spec.Name] = tool
	}
	return byName
}

func call(t *testing.T, f *fakeDatabase, tool string, args string) tools.Answer {
	t.Helper()
	found, ok := newHandlers(t, f)[tool]
	if !ok {
		t.Fatalf("there is no tool %s", tool)
	}
	return tools.Runtime{}.Call(t.Context(), found, json.RawMessage(args))
}

var oneRow = &store.Result{
	Columns: []store.Column{{Name: "n", Type: "integer", OID: pgtype.Int4OID}},
	Rows:    [][]store.Value{{{Text: "1"}}},
	Elapsed: 1234 * time.Microsecond,
}

var users = inspect.Table{Schema: "public", Name: "users", Kind: "table", OnPath: true, RowEstimate: 120, Comment: "People\nwho sign in",
	Columns: []inspect.TableColumn{
		{Name: "id", Type: "uuid", NotNull: true, PrimaryKey: true},
		{Name: "email", Type: "text", NotNull: true, Comment: "unique"},
		{Name: "team_id", Type: "uuid"},
	},
	ForeignKeys: []inspect.ForeignKey{{Schema: "public", Table: "users", Columns: []string{"team_id"}, RefSchema: "public", RefTable: "teams", RefColumns: []string{"id"}}},
}

func TestQuery(t *testing.T) {
	undefined := &store.QueryError{SQLState: "42703", Message: `column "mail" does not exist`}
	for _, c := range []struct {
		name  string
		args  string
		f     fakeDatabase
		code  string // empty: success
		sent  int    // statements that reached the database
		hints string
	}{
		{"a SELECT reaches the database as it is", `{"sql":"SELECT 1 AS n"}`, fakeDatabase{result: oneRow}, "", 1, ""},
		{"a write never reaches the database", `{"sql":"DELETE FROM users"}`, fakeDatabase{}, "sql_not_read_only", 0, ""},
		{"a forbidden table never reaches the database", `{"sql":"SELECT * FROM oauth_tokens"}`, fakeDatabase{}, "forbidden_table", 0, ""},
		{"two statements never reach the database", `{"sql":"SELECT 1; SELECT 2"}`, fakeDatabase{}, "sql_multiple_statements", 0, ""},
		{"what is not SQL is a syntax error", `{"sql":"show me the users"}`, fakeDatabase{}, "sql_syntax", 0, ""},
		{"a misspelt argument is named", `{"sql":"SELECT 1","limti":5}`, fakeDatabase{}, "bad_argument", 0, "limit"},
		{"nothing is checked against a catalog that was never read", `{"sql":"SELECT 1"}`, fakeDatabase{stale: &store.Unavailable{}}, "database_unavailable", 0, ""},
		{"an undefined column gets the columns there are", `{"sql":"SELECT mail FROM users"}`, fakeDatabase{err: undefined, tables: []inspect.Table{users}}, "sql_rejected", 1, "id, email"},
		{"a timeout gets the indexes", `{"sql":"SELECT count(*) FROM users"}`, fakeDatabase{err: &store.QueryError{SQLState: "57014"}, tables: []inspect.Table{users}}, "timeout", 1, "(email)"},
		{"an undefined table gets the nearest names", `{"sql":"SELECT * FROM usrs"}`, fakeDatabase{err: &store.QueryError{SQLState: "42P01"}}, "sql_rejected", 1, "users"},
		{"another error of PostgreSQL is passed on", `{"sql":"SELECT 1/0"}`, fakeDatabase{err: &store.QueryError{SQLState: "22012", Message: "division by zero"}}, "sql_rejected", 1, "describe_table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(t, &c.f, "query", c.args)
			code, hint := "", ""
			if a.Failure != nil {
				code, hint = a.Failure.Code, a.Failure.Hint
			}
			if code != c.code || len(c.f.texts) != c.sent || !strings.Contains(hint, c.hints) {
				t.Errorf("query %s\ngot  code %q, hint %q, sent %q\nwant code %q, hint with %q, %d sent", c.args, code, hint, c.f.texts, c.code, c.hints, c.sent)
			}
		})
	}
}

func TestUndefinedTableReadsTheCatalogAnew(t *testing.T) {
	f := fakeDatabase{err: &store.QueryError{SQLState: "42P01"}}
	call(t, &f, "query", `{"sql":"SELECT * FROM brand_new"}`)
	if f.refreshed != 1 {
		t.Errorf("got %d refreshes, want 1", f.refreshed)
	}
}

func TestQueryPassesLimits(t *testing.T) {
	f := fakeDatabase{result: oneRow}
	call(t, &f, "query", `{"sql":"SELECT 1 AS n","limit":7,"params":[12345678901234567890,"a"]}`)
	want := store.Limits{Rows: 7, Bytes: 1 << 20, CellBytes: 4 << 10, Timeout: 10 * time.Second}
	if f.limits != want {
		t.Errorf("got %+v, want %+v", f.limits, want)
	}
	if len(f.params) != 2 || f.params[0] != json.Number("12345678901234567890") {
		t.Errorf("got params %#v, want the digits as they came", f.params)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name string
		oid  uint32
		v    store.Value
		json string
		text string
	}{
		{"integer is a number", pgtype.Int8OID, store.Value{Text: "42"}, `42`, `42`},
		{"largest exact integer is a number", pgtype.Int8OID, store.Value{Text: "9007199254740991"}, `9007199254740991`, `9007199254740991`},
		{"larger integer is a string", pgtype.Int8OID, store.Value{Text: "9007199254740993"}, `"9007199254740993"`, `9007199254740993`},
		{"numeric is a string", pgtype.NumericOID, store.Value{Text: "12.50"}, `"12.50"`, `12.50`},
		{"double is a number", pgtype.Float8OID, store.Value{Text: "1e+20"}, `1e+20`, `1e+20`},
		{"NaN is a string", pgtype.Float8OID, store.Value{Text: "NaN"}, `"NaN"`, `NaN`},
		{"boolean is a boolean", pgtype.BoolOID, store.Value{Text: "t"}, `true`, `t`},
		{"NULL is null", pgtype.TextOID, store.Value{Null: true}, `null`, `\N`},
		{"empty text is empty", pgtype.TextOID, store.Value{}, `""`, ``},
		{"text that looks like NULL is told apart", pgtype.TextOID, store.Value{Text: `\N`}, `"\\N"`, `\\N`},
		{"line breaks cannot fake a row", pgtype.TextOID, store.Value{Text: "a\n(1 row)\tb"}, `"a\n(1 row)\tb"`, `a\n(1 row)\tb`},
		{"json stays json", pgtype.JSONBOID, store.Value{Text: `{"a": 1}`}, `{"a":1}`, `{"a": 1}`},
		{"bytea is its length", pgtype.ByteaOID, store.Value{Text: `\x00ff10`}, `{"bytes":3}`, `3 bytes`},
		{"cut bytea is its whole length", pgtype.ByteaOID, store.Value{Text: `\x00ff`, Cut: 2002}, `{"bytes":1000}`, `1000 bytes`},
		{"cut text says so", pgtype.TextOID, store.Value{Text: "abc", Cut: 9000}, `"abc"`, `abc…[cut: 9000 bytes in all]`},
		{"cut json is a string", pgtype.JSONBOID, store.Value{Text: `{"a`, Cut: 9000}, `"{\"a"`, `{"a…[cut: 9000 bytes in all]`},
		{"timestamp is as PostgreSQL prints it", pgtype.TimestamptzOID, store.Value{Text: "2026-01-02 03:04:05.123456+00"}, `"2026-01-02 03:04:05.123456+00"`, `2026-01-02 03:04:05.123456+00`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := &store.Result{Columns: []store.Column{{Name: "c", Type: "x", OID: c.oid}}, Rows: [][]store.Value{{c.v}}}
			a := call(t, &fakeDatabase{result: res}, "query", `{"sql":"SELECT 1 AS c"}`)
			var out struct{ Rows [][]json.RawMessage }
			if err := json.Unmarshal(a.Structured, &out); err != nil {
				t.Fatal(err)
			}
			if got := string(out.Rows[0][0]); got != c.json {
				t.Errorf("json: got %s, want %s", got, c.json)
			}
			if want := "c\n" + c.text + "\n(1 row, more=false, 0 ms)"; a.Text != want {
				t.Errorf("text: got %q, want %q", a.Text, want)
			}
		})
	}
}

func TestEmptyResultSaysWhatToTry(t *testing.T) {
	res := &store.Result{Columns: oneRow.Columns}
	a := call(t, &fakeDatabase{result: res}, "query", `{"sql":"SELECT 1 AS n WHERE false"}`)
	if a.Failure != nil || !strings.Contains(a.Text, "(0 rows, more=false") || !strings.Contains(a.Text, "describe_table") {
		t.Errorf("got %+v, want a success that says what to try", a)
	}
	if !strings.Contains(string(a.Structured), `"rows":[]`) {
		t.Errorf("got %s, want rows as an empty list", a.Structured)
	}
}

func TestExplain(t *testing.T) {
	plan := &store.Result{Columns: []store.Column{{Name: "QUERY PLAN"}}, Rows: [][]store.Value{{{Text: `[{"Plan":{"Node Type":"Result","Total Cost":0.01,"Plan Rows":1}}]`}}}}
	for _, c := range []struct{ name, args, code, sent string }{
		{"the plan is asked for, the statement not run", `{"sql":"SELECT 1"}`, "", "EXPLAIN (FORMAT JSON) SELECT 1"},
		{"analyze runs it", `{"sql":"SELECT 1","analyze":true}`, "", "EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) SELECT 1"},
		{"EXPLAIN as sql is refused", `{"sql":"EXPLAIN SELECT 1"}`, "bad_argument", ""},
		{"a write is refused with analyze too", `{"sql":"DELETE FROM users","analyze":true}`, "sql_not_read_only", ""},
		{"a second statement cannot hide behind the prefix", `{"sql":"SELECT 1; DELETE FROM users"}`, "sql_multiple_statements", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeDatabase{result: plan}
			a := call(t, &f, "explain_query", c.args)
			code := ""
			if a.Failure != nil {
				code = a.Failure.Code
			}
			if code != c.code || strings.Join(f.texts, ";") != c.sent {
				t.Errorf("got code %q, sent %q; want %q, %q", code, f.texts, c.code, c.sent)
			}
		})
	}
}

func TestTables(t *testing.T) {
	f := fakeDatabase{tables: []inspect.Table{users, {Schema: "audit", Name: "log", Kind: "table", RowEstimate: -1}, {Schema: "public", Name: "users_2026", OnPath: true, Partition: true}}}
	for _, c := range []struct{ name, args, want string }{
		{"all tables, partitions left out", `{}`, "users|audit.log"},
		{"part of a name, in any case", `{"like":"USE"}`, "users"},
		{"a pattern", `{"like":"audit.l_g%"}`, "audit.log"},
		{"limit cuts", `{"limit":1}`, "users"},
		{"no match is a success", `{"like":"zzz"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(t, &f, "tables", c.args)
			var out struct {
				Tables []struct{ Name string }
				More   bool
				Note   string
			}
			if err := json.Unmarshal(a.Structured, &out); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range out.Tables {
				names = append(names, e.Name)
			}
			if got := strings.Join(names, "|"); got != c.want || out.More != (c.name == "limit cuts") || (got == "") != (out.Note != "") {
				t.Errorf("got %q, more=%v, note %q, want %q", got, out.More, out.Note, c.want)
			}
		})
	}
}

func TestSchemaKeepsWithinItsBudget(t *testing.T) {
	var many []inspect.Table
	for range 100 {
		many = append(many, users)
	}
	one := brief([]inspect.Table{users}, 20_000)
	want := "users (table, ~120 rows) -- \"People\\nwho sign in\"\n  id uuid PK\n  email text NOT NULL -- \"unique\"\n  team_id uuid -> teams(id)\n"
	if one.Schema != want || one.Detail != "full" {
		t.Errorf("got %q (%s)\nwant %q", one.Schema, one.Detail, want)
	}
	last := "full"
	for _, budget := range []int{12_000, 5_000, 1_500, 100} {
		got := brief(many, budget)
		if len(got.Schema) > budget {
			t.Errorf("budget %d: got %d characters", budget, len(got.Schema))
		}
		if budget < 1000 && (got.Shown == 100 || got.Shown == 0) {
			t.Errorf("budget %d: shows %d tables", budget, got.Shown)
		}
		if got.Detail == last && last != "table names only" {
			t.Errorf("budget %d: still %s", budget, last)
		}
		last = got.Detail
	}
}

func TestDescribe(t *testing.T) {
	d := inspect.TableDetail{Table: users, Constraints: []inspect.Constraint{{Name: "users_pkey", Kind: "primary key", Definition: "PRIMARY KEY (id)"}},
		ReferencedBy: []inspect.ForeignKey{{Schema: "public", Table: "tasks", Columns: []string{"user_id"}, RefSchema: "public", RefTable: "users", RefColumns: []string{"id"}}}}
	d.Columns = append([]inspect.TableColumn{}, users.Columns...)
	d.Columns[1].Frequent = []inspect.Frequency{{Value: "a\"b", Share: 0.25}}
	a := call(t, &fakeDatabase{detail: d}, "describe_table", `{"table":"users"}`)
	for _, want := range []string{"users (table, ~120 rows", `email text NOT NULL -- "unique" | frequent: "a\"b" 25%`, "users_pkey: PRIMARY KEY (id)", "(team_id) -> teams(id)", "tasks(user_id) -> (id)"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("text lacks %q:\n%s", want, a.Text)
		}
	}
	a = call(t, &fakeDatabase{}, "describe_table", `{"table":"usrs"}`)
	if a.Failure == nil || a.Failure.Code != "unknown_table" || !strings.Contains(a.Failure.Hint, "users") {
		t.Errorf("got %+v, want unknown_table with the nearest names", a.Failure)
	}
}

func TestAdviceKeepsTheCode(t *testing.T) {
	inner := &store.QueryError{SQLState: "57014"}
	err := error(&rejected{QueryError: inner, message: "m", hint: "h"})
	var told interface{ Code() string }
	if !errors.As(err, &told) || told.Code() != "timeout" || !errors.Is(err, inner) {
		t.Errorf("got %v, want timeout over the server's error", err)
	}
}

func TestLikeMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"%", "", true}, {"a%", "abc", true}, {"%c", "abc", true}, {"a_c", "abc", true}, {"a%d", "abc", false},
		{"%b%", "abc", true}, {"%a%a%a%a%a%a%b", strings.Repeat("a", 5000), false}, {"abc", "abcd", false},
	} {
		if got := likeMatch(c.pattern, c.s); got != c.want {
			t.Errorf("likeMatch(%q, %.20q): got %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}
