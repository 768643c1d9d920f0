package sqlguard

import (
	"sync/atomic"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/rewrite"
	"github.com/maypok86/otter/v2"
)

// Catalog is what only the database knows. The zero value knows nothing: then only the text decides.
// All names are decoded, as pg_class and pg_proc spell them.
type Catalog struct {
	// Closure lists the relations that show a forbidden table's rows: views, materialized views, partitions and
	// children (transitively), foreign tables onto one, views calling a function that mentions one.
	Closure []Name
	// ShadowFunctions lists unqualified names of functions on the search path, outside pg_catalog and of no allowed
	// extension, that overload a built-in name. A call is refused unless it is written pg_catalog.name(…).
	ShadowFunctions []string
	// ShadowOperators lists operator symbols defined on the search path, outside pg_catalog and by no extension, whose
	// operands are all of built-in types.
	ShadowOperators []string
	// ExtensionFunctions lists the immutable and stable functions of installed harmless extensions (pg_trgm, postgis,
	// citext, vector, …), each as name, or as schema.name to allow the qualified spelling too.
	ExtensionFunctions []string
	// UserFunctions lists the names of all other functions outside pg_catalog that can be called with one argument:
	// PostgreSQL calls f(x) where (x).f is written and x has no such field.
	UserFunctions []string
	// RowFunctions lists those of UserFunctions whose argument may be a row (composite, record or polymorphic), which
	// t.f calls for a table t that has no column f.
	RowFunctions []string
	// VolatileRelations lists the relations that may show other rows though no table changed: views over now(),
	// random(), CURRENT_USER, a catalog or one another, relations with such a row-level security policy. A statement
	// that names one is Volatile.
	VolatileRelations []Name
}

// ChangingFunctions returns the names of PostgreSQL's own functions whose result may change though no table did, sorted:
// what the query that finds VolatileRelations looks for.
func ChangingFunctions() []string { return builtins.ChangingNames() }

// Guard checks SQL texts against a policy and a catalog. It is safe for concurrent use.
type Guard struct {
	rules *rules
	state atomic.Pointer[state]
	cache *otter.Cache[string, *verdict] // nil when switched off
}

// state is a catalog made ready for look-ups. It never changes; SetCatalog puts another in its place.
type state struct {
	*rules
	closure    names.Set
	changing   names.Set
	shadowFunc map[string]bool
	shadowOp   map[string]bool
	extension  map[string]bool
	userFunc   map[string]bool
	rowFunc    map[string]bool
}

// verdict is a cached answer. It counts only while the state it was given under is current.
type verdict struct {
	under     *state
	statement Statement
	refusal   *Violation
}

const (
	defaultCacheBytes = 8 << 20
	maxCachedText     = 16 << 10 // longer texts are machine-made and do not come back
	verdictOverhead   = 512      // bytes a verdict takes beside its text
)

// Option changes a Guard as New makes it.
type Option func(*config)

type config struct{ cacheBytes int }

// WithCacheBytes bounds the memory of cached verdicts, in bytes; 0 switches the cache off. The default is 8 MiB.
func WithCacheBytes(n int) Option { return func(c *config) { c.cacheBytes = n } }

// New makes a Guard that enforces p with an empty catalog.
//
// Errors: a name that cannot be read, or an unknown word in ForbiddenOperations (the error lists the known ones).
func New(p Policy, opts ...Option) (*Guard, error) {
	c := config{cacheBytes: defaultCacheBytes}
	for _, o := range opts {
		o(&c)
	}
	r, err := compile(p)
	if err != nil {
		return nil, err
	}
	g := &Guard{rules: r}
	if c.cacheBytes > 0 {
		g.cache, err = otter.New(&otter.Options[string, *verdict]{
			MaximumWeight: uint64(c.cacheBytes),
			Weigher:       weigh,
		})
		if err != nil {
			return nil, err
		}
	}
	g.SetCatalog(Catalog{})
	return g, nil
}

func weigh(text string, v *verdict) uint32 {
	other := 0
	if v.statement.rewritten {
		other = len(v.statement.text)
	}
	return uint32(len(text) + other + verdictOverhead)
}

// SetCatalog puts c in the place of the catalog before, at once for all callers: verdicts given under the old one,
// cached or just being made, are not used again.
func (g *Guard) SetCatalog(c Catalog) {
	s := &state{rules: g.rules, closure: names.NewSet(), changing: names.NewSet(), shadowFunc: set(c.ShadowFunctions), shadowOp: set(c.ShadowOperators),
		extension: set(c.ExtensionFunctions), userFunc: set(c.UserFunctions), rowFunc: set(c.RowFunctions)}
	for _, n := range c.Closure {
		s.closure.Add(names.Name(n))
	}
	for _, n := range c.VolatileRelations {
		s.changing.Add(names.Name(n))
	}
	for _, f := range c.RowFunctions {
		s.userFunc[f] = true
	}
	g.state.Store(s)
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// Check returns the statement when sql is one read-only statement the policy and the catalog allow.
// It is deterministic between two calls of SetCatalog.
//
// Errors: always a *Violation.
func (g *Guard) Check(sql string) (Statement, error) {
	s := g.state.Load()
	if g.cache == nil || len(sql) > maxCachedText {
		return g.judge(s, sql).answer()
	}
	if v, ok := g.cache.GetIfPresent(sql); ok && v.under == s {
		return v.answer()
	}
	v := g.judge(s, sql)
	g.cache.Set(sql, v)
	return v.answer()
}

func (v *verdict) answer() (Statement, error) {
	if v.refusal != nil {
		refusal := *v.refusal // the caller's own copy: the cached one must not change
		return Statement{}, &refusal
	}
	return v.statement, nil
}

// judge decides about one text. Where another text means the same and does better (see internal/rewrite), that one is checked
// in full and handed out in its place.
func (g *Guard) judge(s *state, sql string) *verdict {
	v, tree := g.examine(s, sql)
	var other string
	var ok bool
	switch {
	case v.refusal == nil && tree != nil:
		other, ok = rewrite.Streamable(sql, tree)
	case v.refusal != nil && v.refusal.Rule == ruleSyntax:
		other, ok = rewrite.WithoutComments(sql)
	}
	if !ok {
		return v
	}
	again, _ := g.examine(s, other)
	if again.refusal != nil && again.refusal.Rule == ruleSyntax || again.refusal != nil && v.refusal == nil {
		return v
	}
	again.statement.rewritten = again.refusal == nil
	return again
}

// Forbidden reports whether the relation must be neither read nor shown: forbidden by policy, part of the catalog
// closure of a forbidden table, a catalog that is not harmless, or not among the allowed tables when there are any.
// An empty schema stands for any.
func (g *Guard) Forbidden(schema, name string) bool { return g.state.Load().hidden(schema, name) }

// ForbiddenNames returns the policy's forbidden tables as they were set, for the query that finds the closure.
func (g *Guard) ForbiddenNames() []string { return append([]string(nil), g.rules.forbiddenRaw...) }

// named reports whether the policy or the closure forbids the relation by name.
func (s *state) named(schema, name string) bool {
	return s.forbidden.Has(schema, name) || s.closure.Has(schema, name)
}

func (s *state) hidden(schema, name string) bool {
	if s.named(schema, name) {
		return true
	}
	if builtins.IsSystem(schema, name) {
		return !builtins.MayRead(schema, name)
	}
	return !s.allowed.Empty() && !s.allowed.Has(schema, name)
}
