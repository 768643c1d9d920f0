package audit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func TestTableIsAppendOnly(t *testing.T) {
	url := migrated(t)
	l, _ := newLog(t, url, audit.Options{})
	if err := l.Before(t.Context(), full(0)); err != nil {
		t.Fatal(err)
	}
	role := storetest.FreshRole(t, url)
	owner := storetest.FreshRole(t, url)
	storetest.Exec(t, url, "GRANT USAGE ON SCHEMA fluxmcp TO "+role+", "+owner, "GRANT ALL ON fluxmcp.audit_log TO "+role,
		"CREATE TABLE fluxmcp.parent (LIKE fluxmcp.audit_log)", "ALTER TABLE fluxmcp.parent OWNER TO "+owner)
	const refusal = "append-only"
	for _, c := range []struct{ name, sql, want string }{
		{"UPDATE", "UPDATE fluxmcp.audit_log SET outcome = 'ok'", refusal},
		{"UPDATE that meets no row", "UPDATE fluxmcp.audit_log SET outcome = 'ok' WHERE false", refusal},
		{"DELETE", "DELETE FROM fluxmcp.audit_log", refusal},
		{"TRUNCATE", "TRUNCATE fluxmcp.audit_log", refusal},
		{"an INSERT that updates", "INSERT INTO fluxmcp.audit_log (id, at, outcome) OVERRIDING SYSTEM VALUE VALUES (1, now(), 'x') ON CONFLICT (id) DO UPDATE SET outcome = 'x'", refusal},
		{"DELETE inside another statement", "WITH gone AS (DELETE FROM fluxmcp.audit_log RETURNING id) SELECT count(*) FROM gone", refusal},
		{"as a replica, where triggers rest", "SET session_replication_role = replica; DELETE FROM fluxmcp.audit_log", refusal},
		{"UPDATE by a role with all rights", "SET ROLE " + role + "; UPDATE fluxmcp.audit_log SET outcome = 'ok'", refusal},
		{"DELETE by a role with all rights", "SET ROLE " + role + "; DELETE FROM fluxmcp.audit_log", refusal},
		{"TRUNCATE by a role with all rights", "SET ROLE " + role + "; TRUNCATE fluxmcp.audit_log", refusal},
		{"another role may not drop the trigger", "SET ROLE " + role + "; DROP TRIGGER audit_log_append_only ON fluxmcp.audit_log", "must be owner"},
		{"nor replace what it calls", "SET ROLE " + role + "; CREATE OR REPLACE FUNCTION fluxmcp.audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'", "permission denied"},
		{"DELETE through a table made its parent", "BEGIN; ALTER TABLE fluxmcp.audit_log ALTER id DROP IDENTITY; ALTER TABLE fluxmcp.audit_log INHERIT fluxmcp.parent; DELETE FROM fluxmcp.parent; COMMIT", refusal},
		{"TRUNCATE through a table made its parent", "BEGIN; ALTER TABLE fluxmcp.audit_log ALTER id DROP IDENTITY; ALTER TABLE fluxmcp.audit_log INHERIT fluxmcp.parent; TRUNCATE fluxmcp.parent; COMMIT", refusal},
	} {
		if err := storetest.TryExec(t, url, c.sql); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if got, err := l.List(t.Context(), audit.Filter{}); err != nil || len(got) != 1 || got[0].Outcome != full(0).Outcome {
		t.Errorf("afterwards: %v, %v; want the row as it was", got, err)
	}
}

func TestOwnerCanDeleteOnceTheTriggersAreOff(t *testing.T) {
	url := migrated(t)
	storetest.Exec(t, url, "INSERT INTO fluxmcp.audit_log (at, outcome) VALUES (now(), 'ok')",
		"ALTER TABLE fluxmcp.audit_log DISABLE TRIGGER audit_log_append_only, DISABLE TRIGGER audit_log_append_only_row",
		"DELETE FROM fluxmcp.audit_log")
	if got := texts(t, url, "SELECT count(*)::text FROM fluxmcp.audit_log"); got[0] != "0" {
		t.Errorf("%s rows are left, want 0", got[0])
	}
}

func TestRights(t *testing.T) {
	url := migrated(t)
	role := storetest.FreshRole(t, url)
	storetest.Exec(t, url, "ALTER ROLE "+role+" LOGIN PASSWORD 'secret'")
	l, _ := newLog(t, as(t, url, role), audit.Options{})
	var missing *audit.NoRight
	if err := l.Ready(t.Context()); !errors.As(err, &missing) || missing.Code() != "permission_denied" || missing.Hint() == "" {
		t.Errorf("ready without rights: %v, want *NoRight", err)
	}
	var none *audit.Unavailable
	if err := l.Before(t.Context(), full(0)); !errors.As(err, &none) {
		t.Errorf("before without rights: %v, want *Unavailable", err)
	}
	storetest.Exec(t, url, "GRANT USAGE ON SCHEMA fluxmcp TO "+role, "GRANT INSERT ON fluxmcp.audit_log TO "+role)
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("ready with INSERT alone: %v", err)
	}
	if err := l.Before(t.Context(), full(0)); err != nil {
		t.Errorf("before with INSERT alone: %v", err)
	}
	l.After(full(1))
	if err := finish(t, l); err != nil {
		t.Errorf("after with INSERT alone: %v", err)
	}
	if _, err := l.List(t.Context(), audit.Filter{}); err == nil {
		t.Error("list with INSERT alone succeeds, want an error")
	}
}

func TestReaderRoleSeesNoAudit(t *testing.T) {
	url := migrated(t)
	role := storetest.FreshRole(t, url)
	script, err := store.SetupSQL(store.SetupOptions{Role: role, Forbidden: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.ApplySetup(t.Context(), url, script); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT count(*) FROM fluxmcp.audit_log", "INSERT INTO fluxmcp.audit_log (at, outcome) VALUES (now(), 'x')", "SELECT fluxmcp.audit_log_refuse()"} {
		if err := storetest.TryExec(t, url, "SET ROLE "+role+"; "+sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s as the reader role: %v, want permission denied", sql, err)
		}
	}
}

func TestRowsOfAnyContentAreStored(t *testing.T) {
	url := migrated(t)
	l, empty := newLog(t, url, audit.Options{OnDrop: func(int) { t.Error("a row was dropped") }})
	long := strings.Repeat("𝄞\x00\xff", 100_000)
	all := audit.Row{Issuer: long, Subject: long, Tool: long, Effect: long, Objects: slices.Repeat([]string{long}, 200), Outcome: long,
		Digest: long, Ref: long, RequestID: long, TraceID: long, Address: long}
	if err := l.Before(t.Context(), all); err != nil {
		t.Errorf("before: %v", err)
	}
	for _, r := range []audit.Row{all, {}, {Outcome: "\x00"}, {Outcome: `\u0000 "}]`, Subject: "\\u0000"}, {Effect: "'", Address: "10.0.0.1/8", Objects: []string{"", "NULL", "{}", `"`}}} {
		l.After(r)
	}
	await(t, "the queue is stored", empty)
	if got, err := l.List(t.Context(), audit.Filter{}); err != nil || len(got) != 6 {
		t.Errorf("stored: %d rows, %v; want 6", len(got), err)
	}
}

func TestPoisonedRowsDoNotBlockThoseAroundThem(t *testing.T) {
	url := migrated(t)
	storetest.Exec(t, url, "ALTER TABLE fluxmcp.audit_log ADD CHECK (tool <> 'poison')", "ALTER TABLE fluxmcp.audit_log ADD CHECK (tool !~ '[^ -~]')")
	drops := 0
	l, empty := newLog(t, url, audit.Options{OnDrop: func(n int) { drops += n }}) // read once the writer has ended
	for _, tool := range []string{"a", "poison", "b", "schön", "poison", "c"} {
		l.After(audit.Row{Tool: tool, Outcome: "ok"})
	}
	await(t, "the queue is stored", empty)
	if err := l.Before(t.Context(), audit.Row{Tool: "größer", Outcome: audit.OutcomeStarted}); err != nil {
		t.Errorf("before, of a row that ASCII can tell: %v", err)
	}
	if err := finish(t, l); err != nil {
		t.Error(err)
	}
	got := texts(t, url, "SELECT tool || coalesce(' ' || objects[1], '') FROM fluxmcp.audit_log ORDER BY id")
	if want := []string{"a", "audit count:1", "b", "sch?n", "audit count:1", "c", "gr??er"}; !slices.Equal(got, want) || drops != 2 {
		t.Errorf("stored %q with %d dropped, want %q and 2", got, drops, want)
	}
}

func TestMissingTable(t *testing.T) {
	url := storetest.DB(t)
	failed := make(chan struct{}, 1)
	l, _ := newLog(t, url, audit.Options{OnFailure: func() {
		select {
		case failed <- struct{}{}:
		default:
		}
	}})
	var missing *audit.Missing
	if err := l.Ready(t.Context()); !errors.As(err, &missing) || missing.Code() != "migration_missing" || missing.Hint() != "Run `fluxmcp migrate up`." {
		t.Errorf("ready: %v, want *Missing", err)
	}
	if _, err := l.List(t.Context(), audit.Filter{}); !errors.As(err, &missing) {
		t.Errorf("list: %v, want *Missing", err)
	}
	var none *audit.Unavailable
	if err := l.Before(t.Context(), full(0)); !errors.As(err, &none) || none.Code() != "audit_unavailable" || !errors.As(err, &missing) {
		t.Errorf("before: %v, want *Unavailable for a *Missing", err)
	}
	await(t, "Before tells of its failure", failed)
	l.After(full(1))
	await(t, "the writer meets the missing table", failed)
	if _, err := store.Migrate(t.Context(), url, store.MigrateLatest); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("ready after the migration: %v", err)
	}
	if err := finish(t, l); err != nil { // tries once more without the pause of 30 s
		t.Errorf("close after the migration: %v, want the queued row stored", err)
	}
}

func TestMigrationGoesDownAndUpAgain(t *testing.T) {
	url := storetest.OwnerDB(t)
	for _, target := range []int{2, 1, 2} {
		if _, err := store.Migrate(t.Context(), url, target); err != nil {
			t.Fatalf("migrate to %d: %v", target, err)
		}
		got := texts(t, url, "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'audit_log%') + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'audit_log%') || ''")
		if (got[0] != "0") != (target == 2) {
			t.Errorf("at version %d: %s objects of the audit, want some at 2 and none at 1", target, got[0])
		}
	}
	bare := texts(t, url, `SELECT attname::text FROM pg_attribute WHERE attrelid = 'fluxmcp.audit_log'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL`)
	if len(bare) != 0 {
		t.Errorf("columns without a comment: %q", bare)
	}
}
