// Package gate stands before the routes of one provider: it counts and logs
// what comes in, and makes requests slow, or fail, as a test tells it to. It
// knows no provider; how a refusal looks is its owner's business.
package gate

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// logged bounds the log, requests.
const logged = 2000

// Failure makes requests fail.
type Failure struct {
	What       string // endpoint or label; empty: any request
	Times      int    // how many requests
	Status     int    // HTTP status; 200 is a failure where the provider has such; 0: the connection is cut
	Code       string // the provider's own error code; empty: that of the status
	RetryAfter int    // seconds, with 429; 0: 30; negative: no such header
	Late       bool   // the request is acted on first, and its answer lost; with status 0, cut in the middle
}

// Request is one line of the log. It has no query, no body and no header, and
// so no secret.
type Request struct {
	At       time.Time `json:"at"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Endpoint string    `json:"endpoint"`
	Labels   []string  `json:"labels,omitempty"`
	Status   int       `json:"status"`         // 0: the connection was cut
	Told     bool      `json:"told,omitempty"` // it failed because it was told to
}

// Config is what a gate needs.
type Config struct {
	Provider string
	Log      *slog.Logger
	Now      func() time.Time
	// Refuse answers as the provider does when it is not well.
	Refuse func(w http.ResponseWriter, r *http.Request, f Failure)
}

// Gate is safe for concurrent use.
type Gate struct {
	cfg Config

	mu       sync.Mutex
	latency  time.Duration
	failures []Failure
	limits   map[string]*limit
	counts   map[string]int
	log      []Request
}

// limit allows a number of requests in each span of time.
type limit struct {
	most  int
	span  time.Duration
	since time.Time
	used  int
}

// New opens a gate.
func New(cfg Config) *Gate {
	return &Gate{cfg: cfg, counts: map[string]int{}, limits: map[string]*limit{}}
}

// Handle returns h behind the gate. endpoint names it for counts and failures;
// labels, which may be nil, gives further names of a request.
func (g *Gate) Handle(endpoint string, labels func(*http.Request) []string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := Request{At: g.cfg.Now(), Method: r.Method, Path: r.URL.Path, Endpoint: endpoint}
		if labels != nil {
			entry.Labels = labels(r)
		}
		seen := &observed{ResponseWriter: w}
		defer func() {
			entry.Status = seen.status
			g.record(r.Context(), entry)
		}()
		f, failing := g.admit(append([]string{endpoint}, entry.Labels...))
		entry.Told = failing
		g.wait(r.Context())
		if failing {
			g.fail(seen, r, f, h)
			return
		}
		h.ServeHTTP(seen, r)
	})
}

// admit counts a request and says how it fails, if it does.
func (g *Gate) admit(names []string) (Failure, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts[""]++
	for _, n := range names {
		g.counts[n]++
	}
	for i, f := range g.failures {
		if f.What == "" || slices.Contains(names, f.What) {
			if g.failures[i].Times--; g.failures[i].Times <= 0 {
				g.failures = slices.Delete(g.failures, i, i+1)
			}
			return f, true
		}
	}
	for _, n := range append(names, "") {
		if l := g.limits[n]; l != nil {
			if wait, over := l.take(g.cfg.Now()); over {
				return Failure{Status: http.StatusTooManyRequests, RetryAfter: wait}, true
			}
		}
	}
	return Failure{}, false
}

// take uses one request, and says after how many seconds there is another.
func (l *limit) take(now time.Time) (wait int, over bool) {
	if now.Sub(l.since) >= l.span {
		l.since, l.used = now, 0
	}
	if l.used < l.most {
		l.used++
		return 0, false
	}
	return max(1, int((l.since.Add(l.span).Sub(now)+time.Second-1)/time.Second)), true
}

// wait takes as long as the provider does. Where the client leaves meanwhile,
// the provider does not know: the request is acted on all the same.
func (g *Gate) wait(ctx context.Context) {
	g.mu.Lock()
	d := g.latency
	g.mu.Unlock()
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (g *Gate) fail(w http.ResponseWriter, r *http.Request, f Failure, h http.Handler) {
	lost := &unsent{header: http.Header{}}
	if f.Late {
		h.ServeHTTP(lost, r)
	}
	if f.Status != 0 {
		g.cfg.Refuse(w, r, f)
		return
	}
	if f.Late {
		lost.sendHalf(w)
	}
	panic(http.ErrAbortHandler)
}

func (g *Gate) record(ctx context.Context, entry Request) {
	g.mu.Lock()
	if len(g.log) == logged {
		g.log = slices.Delete(g.log, 0, logged/10)
	}
	g.log = append(g.log, entry)
	g.mu.Unlock()
	g.cfg.Log.DebugContext(ctx, "sandbox request", "provider", g.cfg.Provider, "endpoint", entry.Endpoint, "status", entry.Status, "told", entry.Told)
}

// Latency makes each request take d longer.
func (g *Gate) Latency(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latency = d
}

// Fail makes the next requests fail; earlier failures come first.
func (g *Gate) Fail(f Failure) {
	f.Times = max(f.Times, 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = append(g.failures, f)
}

// Limit answers 429 to more than most requests of a name, or of any with an
// empty one, within span; most < 1 lifts it.
func (g *Gate) Limit(what string, most int, span time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if delete(g.limits, what); most > 0 {
		g.limits[what] = &limit{most: most, span: span}
	}
}

// Count is how many requests of a name came in; of all, with an empty one.
func (g *Gate) Count(what string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts[what]
}

// Counts are those of all names that had any.
func (g *Gate) Counts() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[string]int, len(g.counts))
	for k, n := range g.counts {
		if k != "" {
			all[k] = n
		}
	}
	return all
}

// Requests is the log, the last ones, by the time they came in.
func (g *Gate) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := slices.Clone(g.log)
	slices.SortStableFunc(list, func(a, b Request) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return list
}

// Reset forgets counts, log, latency, limits and failures.
func (g *Gate) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latency, g.failures, g.log = 0, nil, nil
	g.counts, g.limits = map[string]int{}, map[string]*limit{}
}
