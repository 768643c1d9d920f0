//go:build unix

package tokens_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/tokencache"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// replicaArg makes the test program one process of several: "replica", the
// database, the provider's token endpoint, and the point at which it kills
// itself, or "-".
const replicaArg = "replica"

// TestMain is the main function of two programs: that one, and the tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == replicaArg {
		if err := replicaMain(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// adaHub is at the provider of these tests: GitHub's data, whose refresh tokens
// are good once.
var adaHub = key("ada", "github")

// parts are those of a real process.
type parts struct {
	db       *store.DB
	redis    *redisdb.DB // nil: none
	cache    tokens.Cache
	accounts *accounts.Accounts
	source   *tokens.Source
}

// assemble puts the real parts together; cache, a Redis, may be empty, and point nil.
func assemble(database, endpoint, cache string, point func(string)) (*parts, error) {
	db, err := store.Open(store.Config{URL: database})
	if err != nil {
		return nil, err
	}
	v, err := vault.New([]string{"the key of the tests, 32 characters and more"})
	if err != nil {
		return nil, err
	}
	p := &parts{db: db, accounts: accounts.New(db.Own(), v, accounts.Options{Point: point})}
	if cache != "" {
		if p.redis, err = redisdb.Open(cache, redisdb.Options{Timeout: 10 * time.Second}); err != nil {
			return nil, err
		}
		p.cache = tokencache.New(p.redis, v, tokencache.Options{TTL: time.Minute})
	}
	registry, err := oauth.Load()
	if err != nil {
		return nil, err
	}
	hub, _ := registry.Get("github")
	if hub, err = hub.WithBase("token", endpoint); err != nil {
		return nil, err
	}
	client := oauth.NewClient(hub, oauth.Credentials{ID: "id", Secret: oauth.NewSecret("secret")}, nil)
	p.source = tokens.New(tokens.Config{Store: p.accounts, Cache: p.cache, Client: func(name string) (tokens.Refresher, bool) {
		return client, name == "github"
	}})
	return p, nil
}

// report is what a replica says of calls that it made together.
type report struct {
	States  map[string]int // what they got, as state says it
	Slowest time.Duration
}

// replicaMain makes, for each number that it reads, so many calls at once, and
// writes a report, until its input ends.
func replicaMain(database, endpoint, killAt string) error {
	p, err := assemble(database, endpoint, "", func(name string) {
		if name == killAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		n, err := strconv.Atoi(input.Text())
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(p.stampede(context.Background(), n)); err != nil {
			return err
		}
	}
	defer p.db.Close()
	return p.source.Close(context.Background())
}

func (p *parts) stampede(ctx context.Context, n int) report {
	var all sync.WaitGroup
	var mu sync.Mutex
	r := report{States: map[string]int{}}
	began := time.Now()
	for range n {
		all.Go(func() {
			got := state(p.source.Token(ctx, adaHub))
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			r.States[got]++
			r.Slowest = max(r.Slowest, took)
		})
	}
	all.Wait()
	return r
}

// replica is a process that runs replicaMain.
type replica struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

// startReplica returns when the process is ready.
func startReplica(t testing.TB, database, endpoint, killAt string) *replica {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{t: t, cmd: exec.Command(program, replicaArg, database, endpoint, killAt)}
	r.cmd.Stderr = os.Stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); _ = r.cmd.Wait() })
	r.out = bufio.NewReader(stdout)
	if line, err := r.out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the replica says %q, %v; want ready", line, err)
	}
	return r
}

// call makes n calls at once; await gives what came of them.
func (r *replica) call(n int) {
	if _, err := fmt.Fprintln(r.stdin, n); err != nil {
		r.t.Error(err)
	}
}

// await returns an empty report where the process has died.
func (r *replica) await() (got report) {
	line, err := r.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &got)
	}
	if err != nil && err != io.EOF {
		r.t.Error(err)
	}
	return got
}

// once makes a call and says what it got; empty: the process has died.
func (r *replica) once() string {
	r.call(1)
	for got := range maps.Keys(r.await().States) {
		return got
	}
	return ""
}

// leave lets the process end in order.
func (r *replica) leave() {
	r.t.Helper()
	_ = r.stdin.Close()
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("the replica ended with %v, want success", err)
	}
}

// hub is a provider's token endpoint: a refresh token is good once, and the
// answer takes a while.
type hub struct {
	*httptest.Server
	mu       sync.Mutex
	latency  time.Duration
	failures int // first requests that are answered with 503
	requests int
	good     string // the refresh token
	asked    func() // where set: called with each request
}

func newHub(t testing.TB) *hub {
	h := &hub{latency: 150 * time.Millisecond, good: "refresh-1"}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.asked != nil {
		h.asked()
	}
	status, answer := h.answer(r.FormValue("refresh_token"))
	time.Sleep(h.latency) // a slow provider: nothing waits for this
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (h *hub) answer(refresh string) (int, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests++
	switch {
	case h.failures > 0:
		h.failures--
		return http.StatusServiceUnavailable, "{}"
	case refresh != h.good:
		return http.StatusOK, `{"error":"bad_refresh_token"}`
	}
	h.good = fmt.Sprint("refresh-", h.requests+1)
	return http.StatusOK, fmt.Sprintf(`{"access_token":"access-%d","refresh_token":"%s","token_type":"bearer","expires_in":28800}`, h.requests+1, h.good)
}

// count is the number of requests until now.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

// reset is a new consent: the next refresh token is again refresh-1.
func (h *hub) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests, h.good = 0, "refresh-1"
}

func (h *hub) endpoint() string { return h.URL + "/token" }

// database returns the URL of a database with fluxmcp's tables.
func database(t testing.TB) string {
	t.Helper()
	return storetest.Template(t, "tokens", func(url string) error {
		_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
		return err
	})
}

// newDesk makes the parts of the test's own process: it connects accounts.
func newDesk(t testing.TB, database string, h *hub, cache string) *parts {
	t.Helper()
	p, err := assemble(database, h.endpoint(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.db.Close)
	if p.redis != nil {
		t.Cleanup(func() { _ = p.redis.Close() })
	}
	return p
}

// connect gives ada a token that has expired.
func (p *parts) connect(t testing.TB) {
	t.Helper()
	_, err := p.accounts.Save(t.Context(), accounts.NewAccount{
		Person: adaHub.Person, Provider: adaHub.Provider, Identity: oauth.Identity{ID: "583231", Name: "octocat"},
		Grant: oauth.Grant{Tokens: []oauth.Token{{Kind: oauth.KindUser, Access: oauth.NewSecret("access-1"),
			Refresh: oauth.NewSecret("refresh-1"), Expires: time.Now().Add(-time.Minute)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stored is what the database says of ada's token.
func (p *parts) stored(t testing.TB) string {
	t.Helper()
	s, err := p.accounts.Load(t.Context(), adaHub)
	return strings.TrimSpace(state(s.Token, err))
}
