package storetest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs statements on the database at url and fails the test where one
// fails. It also works in a cleanup, when the test's context has ended.
func Exec(t testing.TB, url string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := TryExec(t, url, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TryExec runs one statement, or several in one text, and returns the server's error.
func TryExec(t testing.TB, url, sql string) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// FreshRole makes a role of this test alone, dropped at its end: roles belong
// to the whole server.
func FreshRole(t testing.TB, url string) string {
	t.Helper()
	role := "role_" + strings.ToLower(rand.Text()[:10])
	Exec(t, url, "CREATE ROLE "+role)
	DropRole(t, url, role)
	return role
}

// DropRole drops role and what it owns at the end of the test.
func DropRole(t testing.TB, url, role string) {
	t.Helper()
	t.Cleanup(func() { Exec(t, url, "DROP OWNED BY "+role, "DROP ROLE "+role) })
}
