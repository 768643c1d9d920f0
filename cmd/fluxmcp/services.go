package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/cache"
	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/postgres"
)

// services surround the calls of tools: limits, cache, audit, metrics.
type services struct {
	tel       *telemetry.Telemetry
	redis     *redisdb.DB     // nil: each process for itself
	limits    *limits.Limiter // shared
	own       *limits.Local   // of this process alone
	perMinute int             // calls of one user, 0: no limit
	writes    int             // of them, those that change something
	cache     *cache.Cache    // nil: none
	ttl       time.Duration   // of what is cached
	audit     *audit.Log      // nil: none
	required  bool            // no call without audit
	replicas  int
	each      int    // calls of one user at once, 0: no limit
	turns     *turns // of them
}

// openServices prepares them and makes no connection.
func (a *app) openServices(set *settings, kind serving) error {
	s := &a.around
	s.tel = kind.telemetry
	steps := []func(*settings, serving) error{a.openRedis, a.openLimits, a.openCache, a.openAudit}
	for _, step := range steps {
		if err := step(set, kind); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) openRedis(set *settings, _ serving) error {
	if set.text("REDIS_URL") == "" {
		return nil
	}
	db, err := redisdb.Open(set.text("REDIS_URL"), redisdb.Options{Log: a.log})
	a.around.redis = db
	return err
}

func (a *app) openLimits(set *settings, kind serving) (err error) {
	s := &a.around
	if s.perMinute, err = set.number("RATE_LIMIT_PER_MINUTE", 0, 1_000_000); err != nil {
		return err
	}
	if s.writes, err = set.number("FLUXMCP_WRITE_LIMIT_PER_MINUTE", 0, 1_000_000); err != nil {
		return err
	}
	if s.replicas, err = set.number("FLUXMCP_REPLICAS", 1, 1000); err != nil {
		return err
	}
	if s.each, err = set.number("FLUXMCP_MAX_CALLS_PER_USER", 0, 1000); err != nil {
		return err
	}
	s.turns = newTurns(s.each)
	if !kind.limited && set.origin["RATE_LIMIT_PER_MINUTE"] == "default" {
		s.perMinute, s.writes, s.each = 0, 0, 0 // one user, at their own machine
	}
	m := s.tel.Metrics()
	s.limits = limits.New(s.redis, limits.Options{Replicas: s.replicas, OnFallback: m.RateLimitFallback, Log: a.log})
	s.own = limits.NewLocal(maxLimitKeys)
	return nil
}

// maxLimitKeys bounds the memory of limits that a process has for itself.
const maxLimitKeys = 100_000

func (a *app) openCache(set *settings, _ serving) error {
	s := &a.around
	enabled, err := set.boolean("MCP_ENABLE_CACHING")
	if err != nil {
		return err
	}
	if s.ttl, err = set.duration("FLUXMCP_CACHE_TTL", time.Second, 24*time.Hour); err != nil || !enabled {
		return err
	}
	s.cache = cache.New(s.redis, cache.Options{Log: a.log})
	return nil
}

func (a *app) openAudit(set *settings, kind serving) error {
	s := &a.around
	mode := set.text("FLUXMCP_AUDIT")
	switch mode {
	case "off":
		return nil
	case "auto":
		if set.text("DATABASE_URL") == "" && a.private == nil {
			return nil // only a login for reading is set
		}
	case "required":
		s.required = true
	default:
		return &badSetting{"FLUXMCP_AUDIT", fmt.Sprintf("%q is not a way to keep the audit", mode), "Write auto, required or off."}
	}
	if kind.calls {
		m := s.tel.Metrics()
		var depth atomic.Int64
		m.AuditQueue(func() int { return int(depth.Load()) })
		s.audit = audit.New(a.db.Own(), audit.Options{
			Log: a.log, OnDepth: func(n int) { depth.Store(int64(n)) }, OnDrop: m.AuditDropped, OnFailure: m.AuditWriteFailure,
		})
	}
	return nil
}

// closing bounds how long what is queued may take to be stored.
const closing = 5 * time.Second

func (s *services) close() error {
	var errs []error
	if s.audit != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		errs = append(errs, s.audit.Close(ctx))
	}
	if s.redis != nil {
		errs = append(errs, s.redis.Close())
	}
	return errors.Join(errs...)
}

// runtime is what surrounds each call.
func (a *app) runtime() tools.Runtime {
	s := &a.around
	m := s.tel.Metrics()
	rt := tools.Runtime{Log: a.log, TraceID: telemetry.TraceID, Called: func(_ context.Context, tool, outcome string) { m.ToolCall(tool, outcome) }}
	if s.perMinute > 0 || s.writes > 0 {
		rt.Limits = callLimits{shared: s.limits, calls: perMinute("calls", s.perMinute), writes: perMinute("writes", s.writes), denied: m.RateLimitDenied}
	}
	if s.each > 0 {
		rt.Turns = s.turns
	}
	if s.audit != nil {
		rt.Audit = &auditor{log: s.audit, required: s.required}
	}
	if a.consent != nil {
		rt.Connect = a.consent.desk.connectPage
	}
	return rt
}

func perMinute(name string, n int) limits.Limit {
	return limits.Limit{Name: name, Count: n, Per: time.Minute}
}

// caching is how query keeps its answers.
func (a *app) caching(set *settings) postgres.Caching {
	s := &a.around
	if s.cache == nil {
		return postgres.Caching{}
	}
	m := s.tel.Metrics()
	return postgres.Caching{
		Cache: s.cache, TTL: s.ttl, Policy: policyDigest(set),
		Used: func(_ context.Context, u postgres.CacheUse) { m.QueryCache(telemetry.Cache(u)) },
	}
}

// policyDigest names all that decides what a statement may read, and where.
// Passwords are no part of it.
func policyDigest(set *settings) string {
	h := sha256.New()
	for _, name := range []string{
		"DATABASE_URL", "QUERY_DATABASE_URL", "FLUXMCP_DATA_DIR", "FLUXMCP_READER_ROLE", "FLUXMCP_SEARCH_PATH",
		"FORBIDDEN_TABLES", "ALLOWED_TABLES", "ALLOWED_FUNCTIONS", "FORBIDDEN_OPERATIONS", "QUERY_MAX_ROWS",
	} {
		value := set.text(name)
		if u, err := url.Parse(value); err == nil && u.User != nil {
			u.User = url.User(u.User.Username())
			value = u.String()
		}
		fmt.Fprintf(h, "%s=%d:%s\n", name, len(value), strings.TrimSpace(value))
	}
	if set.text("DATABASE_URL")+set.text("QUERY_DATABASE_URL") == "" { // each machine's private database is another
		host, _ := os.Hostname()
		dir, _ := dataDir(set)
		fmt.Fprintf(h, "%s %s\n", host, dir)
	}
	return hex.EncodeToString(h.Sum(nil))
}
