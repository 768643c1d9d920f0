// Package store is the only package that talks to PostgreSQL. It reads on
// behalf of agents (Reader), tells the guard what only the database knows
// (CatalogKeeper), and describes tables for the toolsets. It knows nothing of
// MCP, HTTP or who is asking.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Defaults of Config.
const (
	DefaultReaderRole     = "fluxmcp_reader"
	DefaultSearchPath     = "public, pg_temp"
	DefaultMaxConns       = 10
	DefaultOwnConns       = 4
	DefaultAcquireTimeout = 3 * time.Second
	connectTimeout        = 3 * time.Second
)

// Config says where the database is and how agents read it.
type Config struct {
	URL            string        // connection URL or key=value string of the database
	QueryURL       string        // a login of its own for agents' SQL; empty: URL
	ReaderRole     string        // entered with SET LOCAL ROLE where it exists; empty: DefaultReaderRole
	SearchPath     string        // search_path of every read; empty: DefaultSearchPath
	MaxConns       int32         // most connections for reads; 0: DefaultMaxConns
	OwnConns       int32         // most connections for fluxmcp's own tables; 0: DefaultOwnConns
	AcquireTimeout time.Duration // longest wait for a free connection; 0: DefaultAcquireTimeout

	// Locate, where set, tells the URL when the first connection is made, so
	// that a database which is still starting does not delay the program.
	Locate func(context.Context) (string, error)
}

// DB holds the connections to one database. It is safe for concurrent use.
type DB struct {
	cfg     Config
	pool    *pgxpool.Pool
	locator *locator // nil: the URL is known
	closing chan struct{}
	reader  *Reader
	own     *Own
}

// Open checks cfg and prepares the pool; it makes no connection, so a database
// that is down is reported by the first use. Close it after use.
func Open(cfg Config) (*DB, error) {
	cfg = withDefaults(cfg)
	pc, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{cfg: cfg, closing: make(chan struct{})}
	if cfg.Locate != nil {
		db.locator = &locator{find: cfg.Locate}
		pc.BeforeConnect = db.locator.point
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, fmt.Errorf("prepare connection pool: %w", err)
	}
	db.pool = pool
	db.reader = newReader(db)
	if db.own, err = newOwn(db); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// Close closes every connection; reads under way end first. Call it once.
func (db *DB) Close() {
	close(db.closing)
	db.pool.Close()
	db.own.close()
}

// Reader returns the part of db that runs checked statements.
func (db *DB) Reader() *Reader { return db.reader }

// Ping makes one round trip to the server.
// Errors: *Unavailable.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// ServerVersion is the version of the server as it prints it, such as 15.18.
// Errors: *Busy, *Unavailable.
func (db *DB) ServerVersion(ctx context.Context) (string, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Release()
	return conn.Conn().PgConn().ParameterStatus("server_version"), nil
}

// Clock is the time at the server.
// Errors: *Busy, *Unavailable.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Release()
	var t time.Time
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&t); err != nil {
		return time.Time{}, unavailable(err)
	}
	return t, nil
}

func withDefaults(cfg Config) Config {
	if cfg.ReaderRole == "" {
		cfg.ReaderRole = DefaultReaderRole
	}
	if cfg.SearchPath == "" {
		cfg.SearchPath = DefaultSearchPath
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = DefaultMaxConns
	}
	if cfg.OwnConns <= 0 {
		cfg.OwnConns = DefaultOwnConns
	}
	if cfg.AcquireTimeout <= 0 {
		cfg.AcquireTimeout = DefaultAcquireTimeout
	}
	return cfg
}

func poolConfig(cfg Config) (*pgxpool.Config, error) {
	url := cfg.QueryURL
	if url == "" {
		url = cfg.URL
	}
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, &BadURL{err: err}
	}
	pc.MaxConns = cfg.MaxConns
	pc.MaxConnIdleTime = 5 * time.Minute
	tuneConn(pc.ConnConfig)
	return pc, nil
}

// tuneConn sets what every connection needs: no named statements (they break
// behind PgBouncer), and a cancel request to the server when a context ends.
func tuneConn(cc *pgx.ConnConfig) {
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity = 0
	cc.DescriptionCacheCapacity = 0
	if cc.ConnectTimeout == 0 || cc.ConnectTimeout > connectTimeout {
		cc.ConnectTimeout = connectTimeout
	}
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "fluxmcp"
	}
	cc.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 2 * time.Second}
	}
}

// locator finds a database whose URL is not known from the start, once.
type locator struct {
	find  func(context.Context) (string, error)
	found atomic.Pointer[pgx.ConnConfig]
}

// await returns once the database is found.
func (l *locator) await(ctx context.Context) (*pgx.ConnConfig, error) {
	if cc := l.found.Load(); cc != nil {
		return cc, nil
	}
	url, err := l.find(ctx)
	if err != nil {
		return nil, err
	}
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, &BadURL{err: err}
	}
	l.found.Store(cc)
	return cc, nil
}

// point sets the address and login of a connection that is about to be made.
func (l *locator) point(ctx context.Context, cc *pgx.ConnConfig) error {
	found, err := l.await(ctx)
	if err != nil {
		return err
	}
	cc.Host, cc.Port, cc.Database = found.Host, found.Port, found.Database
	cc.User, cc.Password = found.User, found.Password
	cc.TLSConfig, cc.Fallbacks = found.TLSConfig, found.Fallbacks
	return nil
}

// acquire takes a connection for a read, as acquireFrom.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	return db.acquireFrom(ctx, db.pool, db.cfg.MaxConns)
}

// acquireFrom takes a connection of pool, which makes at most limit of them,
// waiting at most AcquireTimeout.
// Errors: *Busy when all are in use for that long, *Unavailable when none can
// be made, the context's error when the caller went away.
func (db *DB) acquireFrom(ctx context.Context, pool *pgxpool.Pool, limit int32) (*pgxpool.Conn, error) {
	if db.locator != nil { // a first start takes longer than a connection may
		if _, err := db.locator.await(ctx); err != nil {
			return nil, unavailable(err)
		}
	}
	wait, cancel := context.WithTimeout(ctx, db.cfg.AcquireTimeout)
	defer cancel()
	conn, err := pool.Acquire(wait)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) && crowded(pool, limit):
		return nil, &Busy{limit: limit}
	default:
		return nil, unavailable(err)
	}
}

// crowded tells whether every place in the pool is taken, be it by a
// connection that is still being made.
func crowded(pool *pgxpool.Pool, limit int32) bool {
	stat := pool.Stat()
	return stat.AcquiredConns()+stat.ConstructingConns() >= limit
}
