//go:build unix

// Package storetest gives tests databases of their own on a real PostgreSQL.
//
// It knows nothing of the schema: a test migrates or loads what it needs, and
// Template lets many tests share the cost of that.
//
// FLUXMCP_TEST_DATABASE_URL names a server to use (its role must be allowed to
// make databases). Without it each test process starts a private server, which
// needs PostgreSQL installed on the machine; servers of parallel test
// processes know nothing of each other, and end with their process.
package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store/embedded"
)

// EnvURL is the environment variable that names a server to use.
const EnvURL = "FLUXMCP_TEST_DATABASE_URL"

const stepLimit = time.Minute // for one server start or one CREATE DATABASE

// shared is the server of this test process: logins for databases on it.
// It is started once and never changes.
var shared = sync.OnceValues(startShared)

// templates holds one function per Template name.
var templates sync.Map

type logins struct {
	admin  string   // may make databases
	owner  string   // the role that production uses; "" where a server was given
	server *private // nil where a server was given
}

// private is a server with the lock that says its directory is in use. The
// lock lasts as long as the file is reachable.
type private struct {
	*embedded.Private
	held *os.File
}

func startShared() (logins, error) {
	if given := os.Getenv(EnvURL); given != "" {
		return logins{admin: given}, nil
	}
	p, err := startPrivate(true)
	if err != nil {
		return logins{}, fmt.Errorf("start a PostgreSQL for tests: %w%s", err, hint(err))
	}
	return logins{admin: p.AdminURL(), owner: p.URL(), server: p}, nil
}

// DB returns the URL of a fresh, empty database, as superuser where storetest
// runs the server. The database is dropped when the test ends, connections or
// not.
func DB(t testing.TB) string {
	t.Helper()
	return create(t, login(t).admin, "template1", "")
}

// OwnerDB is DB for the role that production uses: it owns the database, may
// make roles and databases, and is no superuser. Where a server was given by
// EnvURL it is DB.
func OwnerDB(t testing.TB) string {
	t.Helper()
	l := login(t)
	if l.owner == "" {
		return DB(t)
	}
	made := create(t, l.admin, "template1", userOf(l.owner))
	return withDatabase(t, l.owner, databaseOf(t, made))
}

// Template returns the URL of a fresh copy of a database that setup filled.
// setup runs once in a test process for each name; it must close its
// connections.
func Template(t testing.TB, name string, setup func(url string) error) string {
	t.Helper()
	admin := login(t).admin
	once, _ := templates.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		database := "tpl_" + random()
		if err := execSQL(admin, "CREATE DATABASE "+database+" TEMPLATE template1"); err != nil {
			return "", err
		}
		return database, setup(mustWithDatabase(admin, database))
	}))
	database, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("storetest: set up template %s: %v", name, err)
	}
	return create(t, admin, database, "")
}

func login(t testing.TB) logins {
	t.Helper()
	l, err := shared()
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	return l
}

// create makes a database and drops it with the test.
func create(t testing.TB, admin, template, owner string) string {
	t.Helper()
	database := "test_" + random()
	sql := "CREATE DATABASE " + database + " TEMPLATE " + template
	if owner != "" {
		sql += " OWNER " + owner
	}
	if err := execSQL(admin, sql); err != nil {
		t.Fatalf("storetest: %v", err)
	}
	t.Cleanup(func() {
		if err := execSQL(admin, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)"); err != nil {
			t.Errorf("storetest: drop the test's database: %v", err)
		}
	})
	return withDatabase(t, admin, database)
}

func execSQL(admin, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func withDatabase(t testing.TB, address, database string) string {
	t.Helper()
	if _, err := url.Parse(address); err != nil {
		t.Fatalf("storetest: %s is not a URL", EnvURL)
	}
	return mustWithDatabase(address, database)
}

// mustWithDatabase replaces the database in a URL that was parsed before.
func mustWithDatabase(address, database string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // connecting to it reports the same
	}
	u.Path = "/" + database
	return u.String()
}

func databaseOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func userOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	return u.User.Username()
}

func random() string { return strings.ToLower(rand.Text()[:12]) }

// hint is the advice an error carries, on a line of its own.
func hint(err error) string {
	if h, ok := err.(interface{ Hint() string }); ok {
		return "\n" + h.Hint()
	}
	return ""
}

// startPrivate starts a server in a directory of its own.
func startPrivate(ephemeral bool) (*private, error) {
	dir, held, err := runDir()
	if err != nil {
		return nil, err
	}
	template, err := ownDir(os.TempDir())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	p, err := embedded.StartPrivate(ctx, embedded.PrivateOptions{
		Options:   embedded.Options{Dir: dir},
		Template:  filepath.Join(template, "template"),
		Ephemeral: ephemeral,
		Settings: []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100",
			"autovacuum=off", "max_wal_size=1GB"},
	})
	return &private{p, held}, err
}

// ownDir is this user's directory below base, open enough for the account
// that root's servers run as.
func ownDir(base string) (string, error) {
	dir := filepath.Join(base, "fluxmcp-storetest-"+strconv.Itoa(os.Geteuid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) // fails where somebody else made it
}
