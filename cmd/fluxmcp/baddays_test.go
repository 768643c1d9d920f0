package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// eventually waits for what another process does by itself.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// state is what /readyz says of a check.
func (s *httpServer) state(t *testing.T, check string) string {
	t.Helper()
	var ready struct {
		Checks map[string]struct{ State string }
	}
	_ = json.Unmarshal([]byte(s.do(t, "GET", "/readyz", "").body), &ready)
	return ready.Checks[check].State
}

// TestRedisKilledAndBack goes on without Redis, and takes it up again.
func TestRedisKilledAndBack(t *testing.T) {
	redis := storetest.RedisServer(t)
	s := serve(t, sampleDatabase(t), "REDIS_URL="+redis.URL(), "JWT_SECRET="+testSecret)
	alice := tokenOf(t, "alice")
	call := func(when, sql string, cached bool) {
		t.Helper()
		start := time.Now()
		a := s.query(t, alice, sql)
		if a.status != 200 || a.field("cached") != cached {
			t.Errorf("%s: got %d %s, want 200 and cached=%v", when, a.status, a.body, cached)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", when, took)
		}
	}
	call("with Redis", "SELECT 1 AS one", false)
	call("with Redis, again", "SELECT 1 AS one", true)
	redis.Kill()
	call("just killed", "SELECT 1 AS one", false)
	eventually(t, "readyz to say that Redis is away", func() bool { return s.state(t, "redis") == "degraded" })
	if a := s.do(t, "GET", "/readyz", ""); a.status != 200 {
		t.Errorf("readyz without Redis: got %d %s, want 200", a.status, a.body)
	}
	for range 40 {
		if a := s.query(t, tokenOf(t, "bob"), "SELECT 1"); a.status == 429 {
			break
		} else if a.status != 200 {
			t.Fatalf("without Redis: got %d %s", a.status, a.body)
		}
	}
	if a := s.query(t, tokenOf(t, "bob"), "SELECT 1"); a.status != 429 {
		t.Errorf("more than 30 calls without Redis: got %d, want the limit", a.status)
	}
	redis.Start()
	eventually(t, "Redis to be used again", func() bool { return s.state(t, "redis") == "ok" })
	call("back", "SELECT 2 AS two", false)
	call("back, again", "SELECT 2 AS two", true)
}

// TestPostgresKilledAndBack answers what is wrong, and goes on by itself.
func TestPostgresKilledAndBack(t *testing.T) {
	db := storetest.Server(t)
	set, err := loadSettings(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := prepareDatabase(t.Context(), db.URL(), false, readerSetup(set), func(string) {}); err != nil {
		t.Fatal(err)
	}
	s := serve(t, db.URL(), "JWT_SECRET="+testSecret, "MCP_ENABLE_CACHING=false")
	alice := tokenOf(t, "alice")
	if a := s.query(t, alice, "SELECT 1"); a.status != 200 {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	db.Kill()
	a := s.query(t, alice, "SELECT 1")
	if a.status != 503 || a.field("code") != "database_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("killed: got %d %s, want 503 with Retry-After", a.status, a.body)
	}
	eventually(t, "readyz to fail", func() bool { return s.do(t, "GET", "/readyz", "").status == 503 })
	if a := s.do(t, "GET", "/healthz", ""); a.status != 200 {
		t.Errorf("healthz: got %d, want 200: the process is well", a.status)
	}
	db.Start()
	eventually(t, "queries to be answered again", func() bool { return s.query(t, alice, "SELECT 1").status == 200 })
	eventually(t, "readyz to be well", func() bool { return s.do(t, "GET", "/readyz", "").status == 200 })
	eventually(t, "the calls to be recorded", func() bool {
		out := runAudit(t, db.URL(), "--outcome", "database_unavailable")
		return strings.Contains(out, "database_unavailable")
	})
}

// runAudit is what `fluxmcp audit` prints.
func runAudit(t *testing.T, url string, args ...string) string {
	t.Helper()
	out, err := program(t, []string{"DATABASE_URL=" + url}, append([]string{"audit"}, args...)...).CombinedOutput()
	if err != nil {
		t.Logf("audit: %v: %s", err, out)
	}
	return string(out)
}

// TestSlowClientsHoldNobodyUp opens connections that never finish a request.
func TestSlowClientsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	address := strings.TrimPrefix(s.base, "http://")
	var conns []net.Conn
	for range 300 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST /mcp HTTP/1.1\r\nHost: "+address+"\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	if a := s.query(t, tokenOf(t, "alice"), "SELECT 1"); a.status != 200 {
		t.Errorf("beside 300 slow connections: got %d %s", a.status, a.body)
	}
	for n, conn := range conns { // the server ends each after its ten seconds
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatalf("connection %d is still open: %v", n, err)
		}
	}
}

// TestThousandStreams opens 1,000 SSE streams of 20 users, and calls beside them.
func TestThousandStreams(t *testing.T) {
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	const streams = 1000
	client := &http.Client{Transport: &http.Transport{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opened := make(chan error, streams)
	for n := range streams {
		token := tokenOf(t, fmt.Sprint("user", n%20))
		go func() { opened <- openStream(ctx, client, s.base+"/sse", token) }()
	}
	for range streams {
		if err := <-opened; err != nil {
			t.Fatal(err)
		}
	}
	if a := s.query(t, tokenOf(t, "alice"), "SELECT 1"); a.status != 200 {
		t.Errorf("beside %d streams: got %d %s", streams, a.status, a.body)
	}
	admin := tokenOf(t, "root", "admin")
	open := func() string {
		a := s.do(t, "GET", "/metrics", "", "Authorization: Bearer "+admin)
		_, after, _ := strings.Cut(a.body, "\nfluxmcp_open_streams{http_route=\"/sse\"} ")
		n, _, _ := strings.Cut(after, "\n")
		return n
	}
	if n := open(); n != fmt.Sprint(streams) {
		t.Errorf("the metric of open streams is %q, want %d", n, streams)
	}
	t.Logf("%d streams: %s of resident memory", streams, residentMemory(s.cmd.Process.Pid))
	cancel()
	eventually(t, "the streams to be forgotten", func() bool { return open() == "0" })
}

// openStream returns once the first event is there; the stream stays open.
func openStream(ctx context.Context, client *http.Client, url, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	if err == nil && (res.StatusCode != 200 || !strings.HasPrefix(line, "event: endpoint")) {
		err = fmt.Errorf("got %d %s", res.StatusCode, line)
	}
	return err
}

// residentMemory is what Linux tells of a process.
func residentMemory(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}

// TestLimitOverMCP shows a model when to call again, and floods the door.
func TestLimitOverMCP(t *testing.T) {
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret, "RATE_LIMIT_PER_MINUTE=3")
	c := s.connectAs(t, tokenOf(t, "alice"))
	for n := range 3 {
		if text, failed := callText(t, c, "query", m{"sql": "SELECT 1"}); failed {
			t.Fatalf("call %d: %s", n+1, text)
		}
	}
	text, failed := callText(t, c, "query", m{"sql": "SELECT 1"})
	var f struct {
		Code  string
		After int `json:"retry_after_seconds"`
		Limit int
		Hint  string
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil || !failed || f.Code != "rate_limited" || f.After < 1 || f.After > 20 || f.Limit != 3 || f.Hint == "" {
		t.Errorf("fourth call: got %s, want rate_limited with what to do", text)
	}
	var flooded answer
	for range 40 {
		if flooded = s.query(t, tokenOf(t, "bob"), "SELECT 1"); flooded.status == 429 && strings.Contains(flooded.body, "far more requests") {
			break
		}
	}
	if flooded.status != 429 || flooded.header.Get("Retry-After") == "" || !strings.Contains(flooded.body, "far more requests") {
		t.Errorf("a flood: got %d %s, want 429 with Retry-After", flooded.status, flooded.body)
	}
}

// TestGuessingIsStopped sends bad tokens from one address.
func TestGuessingIsStopped(t *testing.T) {
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret, "FLUXMCP_ADDRESS_LIMIT_PER_MINUTE=5")
	got := map[int]int{}
	for n := range 20 {
		a := s.query(t, fmt.Sprint("guess", n), "SELECT 1")
		got[a.status]++
		if a.status == 429 && a.header.Get("Retry-After") == "" {
			t.Error("429 lacks Retry-After")
		}
	}
	if got[401] < 5 || got[401] > 6 || got[401]+got[429] != 20 {
		t.Errorf("got %v, want five 401 and then 429", got)
	}
	if a := s.query(t, tokenOf(t, "alice"), "SELECT 1"); a.status != 200 {
		t.Errorf("a valid token from there: got %d %s, want 200: others may share the address", a.status, a.body)
	}
	for range 40 {
		s.query(t, "guess", "SELECT 1")
	}
	if a := s.query(t, tokenOf(t, "bob"), "SELECT 1"); a.status != 429 {
		t.Errorf("after ten times the limit: got %d, want 429 for everything from there", a.status)
	}
	if !strings.Contains(s.log.String(), "too many requests without a valid token") {
		t.Error("the log does not tell which address guesses")
	}
}

// TestStdioHasNoLimitUnlessItIsSet calls more often than serve would let.
func TestStdioHasNoLimitUnlessItIsSet(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want int // calls that pass
	}{
		{"not set", nil, 40},
		{"set", []string{"RATE_LIMIT_PER_MINUTE=5"}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in strings.Builder
			for n := range 40 {
				fmt.Fprintf(&in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"query","arguments":{"sql":"SELECT %d"}}}`+"\n", n, n)
			}
			cmd := program(t, append(c.env, "DATABASE_URL="+sampleDatabase(t)), "stdio")
			cmd.Stdin = strings.NewReader(in.String())
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if passed := 40 - strings.Count(string(out), "rate_limited"); passed < c.want || passed > c.want+1 {
				t.Errorf("%d calls passed, want %d", passed, c.want)
			}
		})
	}
}

// TestManyAtOnceAreLimitedExactly makes 1,000 calls of one user at once.
func TestManyAtOnceAreLimitedExactly(t *testing.T) {
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice := tokenOf(t, "alice")
	began := time.Now()
	var mu sync.Mutex
	passed := 0
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			a, err := s.try(t, "POST", "/api/mcp/query", `{"sql":"SELECT 1"}`, "Authorization: Bearer "+alice)
			if err != nil || (a.status != 200 && a.status != 429) {
				t.Errorf("got %d %s, %v", a.status, a.body, err)
			}
			if a.status == 200 {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if most := 30 + int(time.Since(began)/(2*time.Second)); passed < 30 || passed > most {
		t.Errorf("%d calls passed in %s, want 30 to %d", passed, time.Since(began), most)
	}
}
