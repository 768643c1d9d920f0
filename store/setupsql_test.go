package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const setupDDL = `
ALTER TABLE users ADD COLUMN password_hash text DEFAULT 'SECRET-hash';
CREATE TABLE staff(badge int) INHERITS (users);
CREATE VIEW people AS SELECT id, name FROM users;
CREATE VIEW hashes AS SELECT id, password_hash AS h FROM users; CREATE VIEW hashes2 AS SELECT id FROM hashes;
CREATE VIEW whole AS SELECT id, row_to_json(u) AS j FROM users u;
CREATE SCHEMA "Odd ""Schema"; CREATE TABLE "Odd ""Schema"."select"("from" int); CREATE SEQUENCE loose;
CREATE SCHEMA fluxmcp; CREATE TABLE fluxmcp.accounts(id int);
GRANT SELECT ON refresh_tokens TO PUBLIC; GRANT ALL ON products TO PUBLIC`

// access says what may be done as the reader role once the script has run.
func access() []struct {
	sql string
	ok  bool
} {
	return []struct {
		sql string
		ok  bool
	}{
		{"SELECT * FROM orders", true}, {"SELECT * FROM products", true}, {"SELECT * FROM daily_sales", true},
		{"SELECT id, name, email FROM users", true}, {"SELECT id, badge FROM staff", true}, {"SELECT * FROM people", true},
		{`SELECT * FROM "Odd ""Schema"."select"`, true}, {"SELECT last_value FROM loose", true},
		{"SELECT * FROM oauth_tokens_stats", true}, {"SELECT * FROM oauth_clients", true},
		{"SELECT * FROM users", false}, {"SELECT password_hash FROM users", false}, {"SELECT u FROM users u", false},
		{"SELECT password_hash FROM staff", false}, {"SELECT * FROM hashes", false}, {"SELECT * FROM hashes2", false}, {"SELECT * FROM whole", false},
		{"SELECT count(*) FROM oauth_tokens", false}, {"SELECT * FROM oauth_state_tokens", false}, {"SELECT * FROM oauth_state_tokens_2026", false},
		{"SELECT * FROM refresh_tokens", false}, {"SELECT * FROM refresh_tokens_old", false}, {"SELECT * FROM auth.refresh_tokens", false},
		{"SELECT * FROM active_tokens", false}, {"SELECT * FROM refresh_view", false}, {"SELECT * FROM token_report", false},
		{"SELECT * FROM token_snapshot", false}, {"SELECT last_value FROM oauth_tokens_id_seq", false},
		{"SELECT get_token_for_user(1)", false}, {"SELECT * FROM export_tokens()", false}, {"SELECT * FROM fluxmcp.accounts", false},
		{"INSERT INTO orders(id) VALUES (1)", false}, {"UPDATE products SET name = 'x'", false}, {"DELETE FROM orders", false}, {"TRUNCATE orders", false},
		{"CREATE TABLE mine(id int)", false}, {"CREATE TEMP TABLE mine(id int)", false}, {"SELECT nextval('users_id_seq')", false},
		{"SELECT pg_read_file('PG_VERSION')", false}, {"SELECT pg_ls_dir('.')", false}, {"SELECT lo_import('/etc/passwd')", false},
		{"CREATE ROLE other", false}, {"SET ROLE postgres_or_not", false},
	}
}

// probe runs every statement of access as role, in a transaction that may write.
func probe(t *testing.T, address, role string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "SET ROLE "+pgx.Identifier{role}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	for _, a := range access() {
		_, err := conn.Exec(t.Context(), "BEGIN; "+a.sql+"; ROLLBACK")
		var pg *pgconn.PgError
		refused := errors.As(err, &pg) && (pg.Code == "42501" || pg.Code == "22023")
		if (a.ok && err != nil) || (!a.ok && !refused) {
			t.Errorf("%s: allowed=%v, want %v (%v)", a.sql, err == nil, a.ok, err)
		}
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

func setupOptions(role string) store.SetupOptions {
	return store.SetupOptions{Role: role, Forbidden: sqlguard.DefaultForbiddenTables(), Hide: []string{"users.password_hash"}}
}

func TestSetupSQL(t *testing.T) {
	for _, mode := range []string{"tables found when the script runs", "tables listed in the script"} {
		t.Run(mode, func(t *testing.T) {
			address, r := withFixture(t)
			role := `rd "x` + strings.ToLower(rand.Text()[:8])
			storetest.DropRole(t, address, pgx.Identifier{role}.Sanitize())
			storetest.Exec(t, address, setupDDL)
			o := setupOptions(role)
			script := func() string {
				if strings.Contains(mode, "listed") {
					grants, err := store.LoadSetupGrants(t.Context(), r, o)
					if err != nil {
						t.Fatal(err)
					}
					o.Grants = grants
				}
				text, err := store.SetupSQL(o)
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			for _, run := range []string{"first", "second"} {
				text := script()
				storetest.Exec(t, address, "BEGIN;\n"+text+"\nCOMMIT") // one transaction
				probe(t, address, role)
				p, err := store.CheckPosture(t.Context(), openAs(t, address, role).Reader(), o.Forbidden)
				if err != nil || !p.OK() || p.Role != role {
					t.Errorf("%s run: posture %+v, %v, want OK", run, p, err)
				}
			}
			storetest.Exec(t, address, "CREATE TABLE later(id int)")
			conn := openAs(t, address, role)
			if list, err := inspect.New(conn.Reader(), func(_, name string) bool { return name == "oauth_tokens" }).List(t.Context()); err != nil || list[len(list)-1].Name != "users_flags" || !hasTable(list, "later") {
				t.Errorf("a table made later must be readable: %v", err)
			}
		})
	}
}

func hasTable(list []inspect.Table, name string) bool {
	for _, x := range list {
		if x.Name == name {
			return true
		}
	}
	return false
}

// TestSetupTakesBack runs the script over a role that has been given too much.
func TestSetupTakesBack(t *testing.T) {
	address := storetest.DB(t)
	role := storetest.FreshRole(t, address)
	storetest.Exec(t, address, `CREATE TABLE orders(id int); CREATE TABLE oauth_tokens(id int, token text); CREATE SEQUENCE s`)
	for _, too := range []string{
		"GRANT ALL ON ALL TABLES IN SCHEMA public TO R", "GRANT SELECT (token) ON oauth_tokens TO R", "GRANT ALL ON SCHEMA public TO R",
		"GRANT USAGE ON SEQUENCE s TO R", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO R", "GRANT pg_read_all_data, pg_read_server_files TO R",
		"ALTER ROLE R SUPERUSER BYPASSRLS CREATEROLE CREATEDB REPLICATION",
	} {
		storetest.Exec(t, address, replaceRole(too, role))
	}
	text, err := store.SetupSQL(store.SetupOptions{Role: role, Forbidden: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, address, text)
	p, err := store.CheckPosture(t.Context(), openAs(t, address, role).Reader(), sqlguard.DefaultForbiddenTables())
	if err != nil || !p.OK() {
		t.Errorf("got %+v, %v, want OK", p, err)
	}
}

// TestSetupKeepsOthers sees that another role keeps what is taken from PUBLIC.
func TestSetupKeepsOthers(t *testing.T) {
	address, _ := withFixture(t)
	role, other := storetest.FreshRole(t, address), storetest.FreshRole(t, address)
	text, err := store.SetupSQL(setupOptionsWithoutHide(role))
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, address, text, "SET ROLE "+other, "CREATE TEMP TABLE x(id int)", "SELECT get_token_for_user(1)")
}

func setupOptionsWithoutHide(role string) store.SetupOptions {
	o := setupOptions(role)
	o.Hide = nil
	return o
}

// TestSetupAsOwner runs the script as an ordinary owner of the database.
func TestSetupAsOwner(t *testing.T) {
	address := storetest.OwnerDB(t)
	role := "reader_" + strings.ToLower(rand.Text()[:10])
	storetest.Exec(t, address, `CREATE TABLE orders(id int); CREATE TABLE oauth_tokens(id int, token text); CREATE VIEW v AS SELECT * FROM oauth_tokens`)
	storetest.DropRole(t, address, role)
	text, err := store.SetupSQL(store.SetupOptions{Role: role, Forbidden: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, address, text, text)
	r := openAs(t, address, role).Reader()
	p, err := store.CheckPosture(t.Context(), r, sqlguard.DefaultForbiddenTables())
	if err != nil || !p.OK() || p.Role != role {
		t.Errorf("got %+v, %v, want OK as %s", p, err, role)
	}
	list, err := inspect.New(r, func(string, string) bool { return false }).List(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "orders" {
		t.Errorf("got %+v, %v, want orders alone", list, err)
	}
}

// TestSetupLogin lets the role log in by itself, as QUERY_DATABASE_URL does.
func TestSetupLogin(t *testing.T) {
	address := storetest.DB(t)
	role := "login_" + strings.ToLower(rand.Text()[:10])
	storetest.DropRole(t, address, role)
	text, err := store.SetupSQL(store.SetupOptions{Role: role, Login: true})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, address, "CREATE TABLE orders(id int)", text, "ALTER ROLE "+role+" PASSWORD 'pw'")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "pw")
	db, err := store.Open(store.Config{URL: address, QueryURL: u.String(), ReaderRole: role})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := store.CheckPosture(t.Context(), db.Reader(), nil)
	if err != nil || len(p.Problems) != 0 || p.Role != role {
		t.Errorf("got %+v, %v, want nothing to report of %s", p, err, role)
	}
}

// TestSetupSQLIsNotInjectable puts SQL into every name.
func TestSetupSQLIsNotInjectable(t *testing.T) {
	address := storetest.DB(t)
	suffix := strings.ToLower(rand.Text()[:8])
	for _, evil := range []string{
		`x"; CREATE TABLE hacked(id int); --`, `x'; CREATE TABLE hacked(id int); --`, `x\'; CREATE TABLE hacked(id int); --`,
		`x$fluxmcp$; CREATE TABLE hacked(id int); --`, "x\n; CREATE TABLE hacked(id int); --", `x$1::text; $6::`, "%s%d",
	} {
		role := evil + suffix
		o := store.SetupOptions{Role: role, Forbidden: []string{evil, `"` + evil + `"."` + evil + `"`}}
		storetest.DropRole(t, address, pgx.Identifier{role}.Sanitize())
		text, err := store.SetupSQL(o)
		if err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, address, text)
		listed, err := store.LoadSetupGrants(t.Context(), open(t, address).Reader(), o)
		if err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
		o.Grants = listed
		if text, err = store.SetupSQL(o); err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, address, text)
		o.Grants, o.Hide = nil, []string{strings.ReplaceAll(evil, ".", "") + ".column"}
		if text, err = store.SetupSQL(o); err != nil {
			t.Fatal(err)
		}
		if err := storetest.TryExec(t, address, text); err == nil || !strings.Contains(err.Error(), "there is no column") {
			t.Errorf("hide %q: got %v, want that there is no such column", o.Hide, err)
		}
	}
	list, err := inspect.New(open(t, address).Reader(), func(_, name string) bool { return name == "oauth_tokens" }).List(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("a name ran as SQL: %+v, %v", list, err)
	}
}

func TestHideMustNameAColumn(t *testing.T) {
	for _, entry := range []string{"", "users", "users.", ".x", "a.b.c.d"} {
		_, err := store.SetupSQL(store.SetupOptions{Hide: []string{entry}})
		var bad *store.BadHide
		if !errors.As(err, &bad) || bad.Code() != "bad_setting" {
			t.Errorf("%q: got %v, want *store.BadHide", entry, err)
		}
	}
	_, r := withFixture(t)
	_, err := store.LoadSetupGrants(t.Context(), r, store.SetupOptions{Hide: []string{"users.pasword"}})
	var bad *store.BadHide
	if !errors.As(err, &bad) {
		t.Errorf("a misspelt column: got %v, want *store.BadHide", err)
	}
}

// TestSetupRefusesARoleThatOthersNeed guards against a mistyped --role.
func TestSetupRefusesARoleThatOthersNeed(t *testing.T) {
	url := storetest.DB(t)
	owner, login := storetest.FreshRole(t, url), storetest.FreshRole(t, url)
	storetest.Exec(t, url, "CREATE TABLE mine(n int)", "ALTER TABLE mine OWNER TO "+owner, "ALTER ROLE "+login+" LOGIN")
	for role, want := range map[string]string{owner: "owns objects", login: "is a login"} {
		script, err := store.SetupSQL(store.SetupOptions{Role: role})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.ApplySetup(t.Context(), url, script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("role %s: got %v, want %q", role, err, want)
		}
	}
}
