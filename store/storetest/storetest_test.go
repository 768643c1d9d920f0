//go:build unix

package storetest

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func query(t *testing.T, address, sql string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	return pgx.CollectOneRow(rows, pgx.RowTo[string])
}

func TestDatabasesAreSeparateAndDropped(t *testing.T) {
	var first string
	t.Run("inner", func(t *testing.T) {
		first = DB(t)
		began := time.Now()
		second := DB(t)
		t.Logf("one database takes %v", time.Since(began))
		if _, err := query(t, first, "CREATE TABLE mine()"); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		got, err := query(t, second, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'mine'")
		if err != nil || got != "0" {
			t.Errorf("the other test's table: count %q, %v; want 0", got, err)
		}
	})
	if got, err := query(t, first, "SELECT 'there'"); err == nil {
		t.Errorf("after the test its database answers %q, want it dropped", got)
	}
}

func TestOwnerDBIsNoSuperuser(t *testing.T) {
	address := OwnerDB(t)
	if u, err := url.Parse(address); err == nil {
		t.Logf("socket directory %s", u.Query().Get("host")) // read by TestServerEndsWithItsProcess
	}
	got, err := query(t, address, "SELECT rolsuper::text || has_schema_privilege('public', 'create') FROM pg_roles WHERE rolname = current_user")
	if err != nil || got != "falsetrue" {
		t.Errorf("superuser, may create: %q, %v; want falsetrue", got, err)
	}
}

func TestTemplateIsSetUpOnce(t *testing.T) {
	calls := 0
	for range 3 {
		address := Template(t, "once", func(fresh string) error {
			calls++
			_, err := query(t, fresh, "CREATE TABLE filled AS SELECT 1 AS v")
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
		if got, err := query(t, address, "SELECT count(*)::text FROM filled"); err != nil || got != "1" {
			t.Errorf("rows in a copy: %q, %v; want 1", got, err)
		}
	}
	if calls != 1 {
		t.Errorf("setup ran %d times, want 1", calls)
	}
}

func TestInstanceKeepsItsDataOverACrash(t *testing.T) {
	i := Server(t)
	if _, err := query(t, i.URL(), "CREATE TABLE kept AS SELECT 'kept' AS v; CHECKPOINT"); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		end  func()
	}{{"stopped", i.Stop}, {"killed", i.Kill}} {
		c.end()
		if got, err := query(t, i.URL(), "SELECT 'up'"); err == nil {
			t.Errorf("%s, it answers %q, want an error", c.name, got)
		}
		i.Start()
		if got, err := query(t, i.URL(), "SELECT v FROM kept"); err != nil || got != "kept" {
			t.Errorf("%s and started: %q, %v; want kept", c.name, got, err)
		}
	}
}

// TestServerEndsWithItsProcess runs this test program again, lets it start its
// server and end, and looks for what is left.
func TestServerEndsWithItsProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run", "^TestOwnerDBIsNoSuperuser$")
	out, err := cmd.CombinedOutput()
	socket := regexp.MustCompile(`socket directory (\S+)`).FindSubmatch(out)
	if err != nil || socket == nil {
		t.Fatalf("test process: %v\n%s", err, out)
	}
	data := filepath.Join(filepath.Dir(string(socket[1])), "data")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		left, err := filepath.Glob(data + "/*")
		if err == nil && len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("left behind: %v, want nothing", left)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
