//go:build unix

// Package replicas shows that several processes of fluxmcp behind one address
// are one server: see README.md beside it.
package replicas

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/internal/program"
	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

const secret = "a secret of this test alone, 32 bytes or more"

// cluster is three replicas with nginx before them.
type cluster struct {
	url      string // of nginx
	replicas []*program.Server
}

// build makes the program once for all tests.
var build = sync.OnceValues(program.Build)

func TestMain(m *testing.M) {
	os.Exit(program.Main(m, func() {
		if built, err := build(); err == nil {
			_ = built.Remove()
		}
	}))
}

// start starts n replicas and nginx.
func start(t testing.TB, n int, env ...string) *cluster {
	t.Helper()
	built, err := build()
	if err != nil {
		t.Fatal(err)
	}
	env = append([]string{
		"DATABASE_URL=" + storetest.DB(t), "REDIS_URL=" + storetest.Redis(t), "JWT_SECRET=" + secret,
		fmt.Sprintf("FLUXMCP_REPLICAS=%d", n), "FLUXMCP_LOG_LEVEL=warn", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"),
	}, env...)
	built.Run(t, env, "migrate", "up")
	c := &cluster{}
	for range n {
		c.replicas = append(c.replicas, built.Serve(t, env))
	}
	c.url = startNginx(t, c.replicas)
	return c
}

func startNginx(t testing.TB, replicas []*program.Server) string {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx" // Debian keeps it there, outside of a user's PATH
	}
	if _, err := os.Stat(nginx); err != nil {
		t.Fatal("nginx is missing: `make need-nginx` installs it, or says how")
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	var servers []string
	for _, r := range replicas {
		servers = append(servers, "server "+r.Address+" max_fails=1 fail_timeout=5s;")
	}
	conf, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{dir}", dir, "{listen}", listen, "{servers}", strings.Join(servers, "\n\t\t")).Replace(string(conf))
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-p", dir, "-c", path)
	var said program.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // not SIGQUIT, which waits for idle clients
		_ = cmd.Wait()
	})
	for range 200 {
		if conn, err := net.DialTimeout("tcp", listen, time.Second); err == nil {
			conn.Close()
			return "http://" + listen
		}
		time.Sleep(20 * time.Millisecond) // until it listens
	}
	t.Fatalf("nginx does not listen:\n%s", &said)
	return ""
}

// result is how one call ended.
type result struct {
	status   int // of HTTP, 0 without an answer
	isError  bool
	text     string
	cached   bool
	upstream string
	began    time.Time
}

func (r result) ok() bool { return r.status == http.StatusOK && !r.isError }

// client calls query as one user.
type client struct {
	url, token string
	http       *http.Client
}

func (c *cluster) as(t testing.TB, user string) client {
	t.Helper()
	now := time.Now()
	token, err := bearer.Sign([]byte(secret), bearer.Claims{Subject: user, Expires: now.Add(time.Hour)}, []string{"fluxmcp"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return client{url: c.url + "/mcp", token: token, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
}

// query makes one call of 2026-07-28.
func (c client) query(ctx context.Context, sql string) result {
	r := result{began: time.Now()}
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "query", "arguments": map[string]any{"sql": sql}, "_meta": map[string]any{
			"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
			"io.modelcontextprotocol/clientInfo": map[string]any{"name": "test", "version": "1"},
		},
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return r
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + c.token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "query",
	} {
		req.Header.Set(name, value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		r.text = err.Error()
		return r
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.text = err.Error()
		return r
	}
	var answer struct {
		Result struct {
			IsError bool
			Content []struct{ Text string }
			Value   struct{ Cached bool } `json:"structuredContent"`
		}
	}
	r.status, r.upstream, r.text = res.StatusCode, res.Header.Get("X-Upstream"), string(raw)
	if json.Unmarshal(raw, &answer) == nil && len(answer.Result.Content) > 0 {
		r.isError, r.text, r.cached = answer.Result.IsError, answer.Result.Content[0].Text, answer.Result.Value.Cached
	}
	return r
}

// TestLimitIsExact lets one user make 1,000 calls at once: 30 pass, the others
// are told to wait.
func TestLimitIsExact(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d replicas", n), func(t *testing.T) {
			c := start(t, n)
			alice, bob := c.as(t, "alice"), c.as(t, "bob")
			began := time.Now()
			var all sync.WaitGroup
			results := make([]result, 1000)
			for i := range results {
				all.Go(func() { results[i] = alice.query(t.Context(), "SELECT 1 AS one") })
			}
			all.Wait()
			took := time.Since(began)
			passed, told, flood := 0, 0, 0
			for _, r := range results {
				switch {
				case r.ok():
					passed++
				case r.status == http.StatusOK && strings.Contains(r.text, `"code":"rate_limited"`) && strings.Contains(r.text, `"retry_after_seconds":`):
					told++
				case r.status == http.StatusTooManyRequests:
					flood++
				default:
					t.Errorf("got %d %.200s, want an answer or a limit", r.status, r.text)
				}
			}
			// The bucket refills by one call each two seconds.
			want := 30 + int(took/(2*time.Second))
			if passed < 30 || passed > want {
				t.Errorf("%d calls passed in %s, want 30 to %d", passed, took, want)
			}
			if r := bob.query(t.Context(), "SELECT 1 AS one"); !r.ok() {
				t.Errorf("another user: got %d %s", r.status, r.text)
			}
			t.Logf("1,000 calls in %s: %d passed, %d were told to wait, %d got 429", took.Round(time.Millisecond), passed, told, flood)
		})
	}
}

// TestCacheIsShared asks all replicas the same: one reads, and the others have it.
func TestCacheIsShared(t *testing.T) {
	c := start(t, 3)
	alice, bob := c.as(t, "alice"), c.as(t, "bob")
	if r := alice.query(t.Context(), "SELECT 40 + 2 AS n"); !r.ok() || r.cached {
		t.Fatalf("first: got %+v, want an answer that was read", r)
	}
	seen := map[string]bool{}
	for range 9 {
		r := alice.query(t.Context(), "select 40 + 2  as N")
		if !r.ok() || !r.cached || !strings.HasPrefix(r.text, "n\n42\n") {
			t.Errorf("from %s: got %+v, want the cached answer", r.upstream, r)
		}
		seen[r.upstream] = true
	}
	if len(seen) != 3 {
		t.Errorf("got answers from %v, want three replicas", seen)
	}
	if r := bob.query(t.Context(), "SELECT 40 + 2 AS n"); !r.ok() || r.cached {
		t.Errorf("another user: got %+v, want an answer of their own", r)
	}
}

// TestKilledReplicaTakesOnlyItsOwnCalls kills one under load.
func TestKilledReplicaTakesOnlyItsOwnCalls(t *testing.T) {
	c := start(t, 3, "RATE_LIMIT_PER_MINUTE=0", "MCP_ENABLE_CACHING=false")
	const callers, each = 24, 40
	victim := c.replicas[1]
	var mu sync.Mutex
	var results []result
	var killed time.Time
	third := make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			user := c.as(t, fmt.Sprint("user", i))
			for n := range each {
				if n == each/3 {
					once.Do(func() { close(third) })
				}
				r := user.query(t.Context(), "SELECT count(*) FROM generate_series(1, 20000) a")
				mu.Lock()
				results = append(results, r)
				mu.Unlock()
			}
		})
	}
	<-third
	victim.Kill(t)
	killed = time.Now()
	all.Wait()
	failed, after := 0, 0
	for _, r := range results {
		if r.began.After(killed) {
			after++
		}
		if r.ok() {
			continue
		}
		failed++
		if r.began.After(killed) || !strings.HasPrefix(r.upstream, victim.Address) {
			t.Errorf("a call that began %s after the kill, at %s, got %d %.200s", r.began.Sub(killed), r.upstream, r.status, r.text)
		}
	}
	if failed > callers {
		t.Errorf("%d calls failed, but only %d were in flight", failed, callers)
	}
	if len(results) != callers*each || after < callers {
		t.Errorf("got %d calls, %d of them after the kill, want %d and more than %d", len(results), after, callers*each, callers)
	}
	t.Logf("%d calls, %d of them after the kill; %d failed, all in flight at the killed replica", len(results), after, failed)
}
