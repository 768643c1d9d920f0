package sidecar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Check looks at one thing that the server depends on.
type Check struct {
	Name     string // such as database
	Degrades bool   // the server can do without, and says so
	// Probe says what was found, safe for anybody to read; an error's text is not
	// shown, only that of its Error method where it has a Code.
	Probe func(context.Context) (found string, err error)
}

// The states of a check.
const (
	stateOK       = "ok"
	stateDegraded = "degraded"
	stateFailed   = "failed"
)

// checkResult is one line of /readyz.
type checkResult struct {
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// readyAnswer is the answer of /readyz.
type readyAnswer struct {
	Status string                 `json:"status"` // ok, degraded or failed: the worst of checks
	Checks map[string]checkResult `json:"checks"`
}

const (
	probeLimit = 2 * time.Second
	probeEvery = time.Second // at most: anybody can ask
)

// readiness asks all checks at once, and remembers the answer for a moment.
type readiness struct {
	checks []Check

	mu   sync.Mutex
	at   time.Time
	last readyAnswer
}

func (r *readiness) ask(ctx context.Context) readyAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && time.Since(r.at) < probeEvery {
		return r.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeLimit)
	defer cancel()
	results := make([]checkResult, len(r.checks))
	var all sync.WaitGroup
	for i, c := range r.checks {
		all.Go(func() { results[i] = c.run(ctx) })
	}
	all.Wait()
	r.last = readyAnswer{Status: stateOK, Checks: map[string]checkResult{}}
	for i, c := range r.checks {
		r.last.Checks[c.Name] = results[i]
		r.last.Status = worse(r.last.Status, results[i].State)
	}
	r.at = time.Now()
	return r.last
}

func (c Check) run(ctx context.Context) (result checkResult) {
	defer func() {
		if v := recover(); v != nil {
			result = checkResult{State: stateFailed, Detail: "the check itself failed"}
		}
	}()
	found, err := c.Probe(ctx)
	if err == nil {
		return checkResult{State: stateOK, Detail: found}
	}
	result = checkResult{State: stateFailed, Detail: "see `fluxmcp doctor`"}
	if c.Degrades {
		result.State = stateDegraded
	}
	var told interface {
		error
		Code() string
	}
	if errors.As(err, &told) { // what wraps it may say more than anybody should read
		result.Detail = fmt.Sprintf("%s: %s", told.Code(), told.Error())
	}
	return result
}

func worse(a, b string) string {
	rank := map[string]int{stateOK: 0, stateDegraded: 1, stateFailed: 2}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// healthz says that the process serves HTTP.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprintln(w, "ok") // a client that is gone needs no answer
	}
}

// readyz says whether requests can be served, and what is missing.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	a := s.ready.ask(r.Context())
	status := http.StatusOK
	if a.Status == stateFailed {
		status = http.StatusServiceUnavailable
		setRetryAfter(w, 5*time.Second)
	}
	s.write(w, r, status, a)
}

// apiHealth is the health of the earlier web API: 200 with what is known.
func (s *Server) apiHealth(w http.ResponseWriter, r *http.Request) {
	s.write(w, r, http.StatusOK, map[string]any{
		"status": s.ready.ask(r.Context()).Status, "service": "fluxmcp", "version": s.Version,
		"uptime": int(time.Since(s.start).Seconds()), "timestamp": time.Now().UTC().Format(time.RFC3339),
	})
}
