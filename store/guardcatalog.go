package store

import (
	"context"
	_ "embed" // the SQL texts
	"fmt"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store/internal/names"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"golang.org/x/sync/singleflight"
)

var (
	//go:embed queries/closure.sql
	closureSQL own.SQL
	//go:embed queries/shadow.sql
	shadowSQL own.SQL
	//go:embed queries/volatile.sql
	volatileSQL own.SQL
)

// harmlessExtensions are extensions whose immutable and stable functions
// compute from their arguments alone: none runs SQL given as text, opens a
// file or a connection, or reads a table by name.
func harmlessExtensions() []string {
	return []string{
		"btree_gin", "btree_gist", "citext", "cube", "earthdistance", "fuzzystrmatch", "h3", "hll", "hstore",
		"intarray", "ip4r", "isn", "ltree", "pg_trgm", "pgcrypto", "postgis", "prefix", "seg", "semver", "tdigest",
		"unaccent", "unit", "uuid-ossp", "vector",
	}
}

// LoadGuardCatalog reads what only the database can tell the guard: which
// relations show rows of the forbidden ones, given as Policy.ForbiddenTables
// takes them, which function and operator names do not mean what they say, and
// which relations change though no table does.
// Relations of a schema that is forbidden as a whole (schema.*) are left to the
// policy; what shows their rows elsewhere is in the closure. The schema fluxmcp
// always counts as such. It reads catalogs that every role may read, with r's
// search_path, because that decides what an unqualified call finds.
//
// It takes a function's word that it is immutable, unless its body is stored
// parsed (BEGIN ATOMIC). It cannot see a name that a function body puts
// together at run time, nor
// what a foreign server's views show: there the reader role is the boundary.
func LoadGuardCatalog(ctx context.Context, r *Reader, forbidden []string) (sqlguard.Catalog, error) {
	var c sqlguard.Catalog
	schemas, names := splitNames(forbidden)
	found, err := ReadAll[leak](ctx, r, closureSQL, schemas, names)
	if err != nil {
		return c, fmt.Errorf("read what shows forbidden tables: %w", err)
	}
	for _, o := range found {
		if o.Kind == "relation" {
			c.Closure = append(c.Closure, sqlguard.Name{Schema: o.Schema, Name: o.Name})
		}
	}
	named, err := ReadAll[callable](ctx, r, shadowSQL, harmlessExtensions())
	if err != nil {
		return sqlguard.Catalog{}, fmt.Errorf("read function names for the guard: %w", err)
	}
	sortCallable(&c, named)
	c.VolatileRelations, err = ReadAll[sqlguard.Name](ctx, r, volatileSQL, sqlguard.ChangingFunctions(), harmlessExtensions())
	if err != nil {
		return sqlguard.Catalog{}, fmt.Errorf("read which relations change by themselves: %w", err)
	}
	return c, nil
}

// callable is one name of a list of the catalog.
type callable struct{ Kind, Name string }

func sortCallable(c *sqlguard.Catalog, names []callable) {
	lists := map[string]*[]string{
		"shadow_function": &c.ShadowFunctions, "shadow_operator": &c.ShadowOperators,
		"extension_function": &c.ExtensionFunctions, "user_function": &c.UserFunctions, "row_function": &c.RowFunctions,
	}
	for _, f := range names {
		if list := lists[f.Kind]; list != nil {
			*list = append(*list, f.Name)
		}
	}
}

// leak is one relation or function of the closure; Identity is quoted as needed in SQL.
type leak struct {
	Kind, Schema, Name, Identity string
	OID                          uint32
}

// splitNames turns "name", "schema.name" and "schema.*", each part perhaps in
// double quotes, into two lists of equal length. The query ignores case.
func splitNames(list []string) (schemas, relations []string) {
	schemas, relations = []string{}, []string{}
	for _, entry := range list {
		schema, relation := names.Parse(entry)
		schemas, relations = append(schemas, schema), append(relations, relation)
	}
	return schemas, relations
}

// Defaults of CatalogKeeper.
const (
	DefaultCatalogTTL      = time.Minute
	DefaultCatalogMaxStale = 15 * time.Minute
	catalogLoadTimeout     = 15 * time.Second
	minCatalogAge          = time.Second
)

// CatalogKeeper keeps the guard's catalog fresh. Set the exported fields
// before the first call. It is safe for concurrent use.
type CatalogKeeper struct {
	Load     func(context.Context) (sqlguard.Catalog, error) // such as LoadGuardCatalog
	Apply    func(sqlguard.Catalog)                          // such as Guard.SetCatalog
	TTL      time.Duration                                   // age at which Ensure loads again; 0: DefaultCatalogTTL
	MaxStale time.Duration                                   // age up to which the old catalog serves when loading fails; 0: DefaultCatalogMaxStale

	now    func() time.Time // replaced in tests; nil: time.Now
	flight singleflight.Group
	mu     sync.Mutex
	loaded time.Time // zero: never
}

// Ensure is called before a check. It loads the catalog when there is none or
// it is older than TTL. When loading fails, a catalog no older than MaxStale
// goes on serving and Ensure returns nil; without one it returns the error, so
// that nothing is checked against a catalog that was never read.
func (k *CatalogKeeper) Ensure(ctx context.Context) error {
	age, ok := k.age()
	if ok && age < orDefault(k.TTL, DefaultCatalogTTL) {
		return nil
	}
	err := k.Refresh(ctx)
	if err != nil && ok && age < orDefault(k.MaxStale, DefaultCatalogMaxStale) && ctx.Err() == nil {
		return nil
	}
	return err
}

// Refresh loads the catalog now, unless it was loaded within the last second: after an undefined table
// (42P01), or when the caller knows of a change. Concurrent calls share one load,
// which goes on when its first caller goes away.
func (k *CatalogKeeper) Refresh(ctx context.Context) error {
	done := k.flight.DoChan("catalog", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), catalogLoadTimeout)
		defer cancel()
		return nil, k.load(ctx)
	})
	select {
	case res := <-done:
		return res.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *CatalogKeeper) load(ctx context.Context) error {
	if age, ok := k.age(); ok && age >= 0 && age < minCatalogAge {
		return nil // whoever misspells tables in a loop loads it no more than once a second
	}
	start := k.clock()
	c, err := k.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the guard's catalog: %w", err)
	}
	k.Apply(c)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.loaded = start
	return nil
}

func (k *CatalogKeeper) age() (time.Duration, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock().Sub(k.loaded), !k.loaded.IsZero()
}

func (k *CatalogKeeper) clock() time.Time {
	if k.now != nil {
		return k.now()
	}
	return time.Now()
}

func orDefault(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}
