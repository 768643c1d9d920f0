// Package postgres is the toolset over the team's PostgreSQL database: query,
// schema, tables, describe_table, explain_query and database_health, with the
// resources and prompts that go with them. It decides what an agent sees and
// how it reads; sqlguard decides what may run, store runs it. It knows no MCP.
package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
)

// Guard decides whether a text may run.
type Guard interface {
	Check(sql string) (sqlguard.Statement, error)
}

// Reader runs checked statements.
type Reader interface {
	Query(ctx context.Context, s sqlguard.Statement, params []any, lim store.Limits) (*store.Result, error)
}

// Catalog keeps the guard's knowledge of the database fresh.
type Catalog interface {
	Ensure(ctx context.Context) error  // loads it when it is older than its time to live
	Refresh(ctx context.Context) error // loads it now
}

// Inspector describes the tables that agents may read; hidden ones appear
// nowhere in its answers.
type Inspector interface {
	List(ctx context.Context) ([]inspect.Table, error)   // without columns
	Tables(ctx context.Context) ([]inspect.Table, error) // with columns and keys, without partitions
	Describe(ctx context.Context, name string) (inspect.TableDetail, error)
	ColumnsOf(ctx context.Context, names []sqlguard.Name) ([]inspect.Table, error)
	IndexesOf(ctx context.Context, names []sqlguard.Name) ([]inspect.TableIndexes, error)
}

// HealthChecker looks for what is wrong with the database.
type HealthChecker interface {
	Health(ctx context.Context) (inspect.Health, error)
}

// Config bounds what one call may take. Zero fields get the defaults.
type Config struct {
	MaxRows int           // most rows of one query; 0: 1000
	Timeout time.Duration // longest run of one statement; 0: 10 s
	Caching Caching       // of query's answers; zero: none
}

// Defaults of Config and the fixed bounds of an answer.
const (
	DefaultMaxRows = 1000
	DefaultTimeout = 10 * time.Second
	usualRows      = 100
	answerBytes    = 1 << 20
	cellBytes      = 4 << 10
)

// handlers answer the tools of this package.
type handlers struct {
	guard   Guard
	reader  Reader
	catalog Catalog
	tables  Inspector
	doctor  HealthChecker
	cfg     Config
}

// New makes the toolset.
func New(g Guard, r Reader, c Catalog, in Inspector, hc HealthChecker, cfg Config) tools.Toolset {
	if cfg.MaxRows <= 0 {
		cfg.MaxRows = DefaultMaxRows
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	h := handlers{guard: g, reader: r, catalog: c, tables: in, doctor: hc, cfg: cfg}
	return tools.Toolset{
		Name: "postgres",
		Tools: []tools.Tool{
			tools.New(querySpec(cfg), h.query),
			tools.New(schemaSpec, h.schema),
			tools.New(tablesSpec, h.listTables),
			tools.New(describeSpec, h.describeTable),
			tools.New(explainSpec(cfg), h.explain),
			tools.New(healthSpec, h.health),
		},
		Resources: h.resources(),
		Templates: h.templates(),
		Prompts:   h.prompts(),
	}
}

// callTimeout leaves room around the statement's own limit for a connection
// and for advice.
func (c Config) callTimeout() time.Duration { return c.Timeout + 10*time.Second }

// run checks sql with fresh knowledge of the database and runs it.
//
// Errors: *sqlguard.Violation, and those of store.Reader.Query.
func (h handlers) run(ctx context.Context, sql string, params []any, lim store.Limits) (*store.Result, error) {
	st, err := h.check(ctx, sql)
	if err != nil {
		return nil, err
	}
	return h.read(ctx, st, params, lim)
}

// check lets sql pass the guard, and notes for the audit which tables it names.
func (h handlers) check(ctx context.Context, sql string) (sqlguard.Statement, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return sqlguard.Statement{}, err
	}
	st, err := h.guard.Check(sql)
	var refused *sqlguard.Violation
	if errors.As(err, &refused) && refused.Rule == "forbidden_table" {
		touchTable(ctx, "", refused.Construct)
	}
	for _, r := range st.Relations() {
		touchTable(ctx, r.Schema, r.Name)
	}
	return st, err
}

func touchTable(ctx context.Context, schema, name string) {
	if schema != "" {
		name = schema + "." + name
	}
	tools.Touch(ctx, "table:"+name)
}

func (h handlers) read(ctx context.Context, st sqlguard.Statement, params []any, lim store.Limits) (*store.Result, error) {
	res, err := h.reader.Query(ctx, st, params, lim)
	if err != nil {
		return nil, h.advise(ctx, st, err)
	}
	return res, nil
}
