package inspect_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// hostileObjects fit the arguments of our own queries better than PostgreSQL's
// polymorphic ones, as those of the extension intarray do, and raise when called.
const hostileObjects = `
	CREATE FUNCTION public.trap(smallint[], smallint[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.trap(int[], int[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.trap(text[], text[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE OPERATOR public.<@ (LEFTARG = int[], RIGHTARG = int[], FUNCTION = public.trap);
	CREATE OPERATOR public.@> (LEFTARG = smallint[], RIGHTARG = smallint[], FUNCTION = public.trap);
	CREATE OPERATOR public.<@ (LEFTARG = text[], RIGHTARG = text[], FUNCTION = public.trap);
	CREATE FUNCTION public.unnest(smallint[]) RETURNS SETOF smallint LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.unnest(oid[]) RETURNS SETOF oid LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.cardinality(smallint[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE FUNCTION public.array_position(name[], name) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;`

// TestObjectsInPublicDoNotRunInOurQueries runs everything that asks the
// catalogs, on a database with traps for unqualified names.
func TestObjectsInPublicDoNotRunInOurQueries(t *testing.T) {
	url, in := inspector(t, shopDDL, hostileObjects,
		"INSERT INTO users(email) SELECT 'u' || g FROM generate_series(1, 2000) g; INSERT INTO orders SELECT g, g FROM generate_series(1, 2000) g; ANALYZE")
	r := open(t, url, "")
	forbidden := sqlguard.DefaultForbiddenTables()
	for name, ask := range map[string]func() error{
		"Tables":    func() error { _, err := in.Tables(t.Context()); return err },
		"Describe":  func() error { _, err := in.Describe(t.Context(), "orders"); return err },
		"IndexesOf": func() error { _, err := in.IndexesOf(t.Context(), []sqlguard.Name{{Name: "users"}}); return err },
		"Health":    func() error { _, err := in.Health(t.Context()); return err },
		"LoadGuardCatalog": func() error {
			_, err := store.LoadGuardCatalog(t.Context(), r, forbidden)
			return err
		},
		"CheckPosture": func() error { _, err := store.CheckPosture(t.Context(), r, forbidden); return err },
		"LoadSetupGrants": func() error {
			_, err := store.LoadSetupGrants(t.Context(), r, store.SetupOptions{Forbidden: forbidden})
			return err
		},
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range mustHealth(t, in).Findings {
		if f.Area == "unindexed foreign keys" && f.Severity == store.SeverityInfo {
			t.Errorf("a section of the health check was trapped: %+v", f)
		}
	}
}

func mustHealth(t *testing.T, in *inspect.Inspector) inspect.Health {
	t.Helper()
	h, err := in.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The traps are set: without them this file would test nothing.
func TestTrapsAreSet(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, hostileObjects)
	if err := storetest.TryExec(t, url, "SELECT ARRAY[1::smallint] <@ ARRAY[1::smallint]"); err == nil {
		t.Error("the operator of public was not called")
	}
}
