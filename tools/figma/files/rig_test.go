package files_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

const key = "AbCdEf0123456789"

// figma is a file that changes, behind limits, as long as a test needs it. Its
// zero refusals are none.
type figma struct {
	mu      sync.Mutex
	version int
	counts  map[string]int // requests, by file, nodes, meta, images and fills
	asked   []string       // queries of images and nodes
	refuse  map[string]int // status by the same names
	says    string         // of a 403; empty: that a scope is missing
	large   int            // levels that a file or node may be asked for; 0: all
	hold    chan struct{}  // not nil: answers to file wait for it
	arrived chan struct{}  // not nil: told of requests for file
}

func (f *figma) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *figma) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[what]
}

func (f *figma) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := "file"
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/v1/images/"):
		what = "images"
	case strings.HasSuffix(path, "/meta"):
		what = "meta"
	case strings.HasSuffix(path, "/variables/local"):
		what = "variables"
	case strings.HasSuffix(path, "/nodes"):
		what = "nodes"
	case strings.HasSuffix(path, "/images"):
		what = "fills"
	}
	f.mu.Lock()
	f.counts[what]++
	f.asked = append(f.asked, what+" "+r.URL.RawQuery)
	status, version, hold, says := f.refuse[what], f.version, f.hold, f.says
	depth := len(r.URL.Query().Get("depth"))
	tooMuch := f.large > 0 && (what == "file" || what == "nodes") && (depth == 0 || r.URL.Query().Get("depth") > fmt.Sprint(f.large))
	f.mu.Unlock()
	if hold != nil && what == "file" {
		f.arrived <- struct{}{}
		<-hold
	}
	if tooMuch {
		status = http.StatusBadRequest
	}
	if status != 0 {
		refuse(w, status, says)
		return
	}
	switch what {
	case "meta":
		fmt.Fprintf(w, `{"file":{"name":"Site","last_touched_at":"2026-11-01T10:00:0%dZ","creator":{"id":"1","handle":"a"},"editorType":"figma","version":"%d"}}`, version, version)
	case "images":
		var list []string
		for id := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
			list = append(list, fmt.Sprintf("%q:%q", id, "https://pictures.invalid/"+id))
		}
		fmt.Fprintf(w, `{"err":null,"images":{%s}}`, strings.Join(list, ","))
	case "fills":
		fmt.Fprint(w, `{"error":false,"status":200,"meta":{"images":{"abcdefgh":"https://pictures.invalid/fill"}}}`)
	case "variables":
		fmt.Fprint(w, `{"status":200,"error":false,"meta":{"variables":{"VariableID:1:2":{"name":"Colour/Primary"}},"variableCollections":{}}}`)
	case "nodes":
		fmt.Fprintf(w, `{"name":"Site","version":"%d","nodes":{"1:2":{"document":%s,"components":{},"componentSets":{},"styles":{}}}}`, version, frame(version))
	default:
		if old := r.URL.Query().Get("version"); old != "" {
			fmt.Sscan(old, &version)
		}
		fmt.Fprintf(w, `{"name":"Site","version":"%d","lastModified":"2026-11-01T10:00:00Z","document":{"id":"0:0","type":"DOCUMENT","name":"Document","children":[
			{"id":"0:1","type":"CANVAS","name":"Home","children":[%s]}]},"components":{},"componentSets":{},"styles":{}}`, version, frame(version))
	}
}

func frame(version int) string {
	return fmt.Sprintf(`{"id":"1:2","type":"FRAME","name":"Hero %d","children":[]}`, version)
}

func refuse(w http.ResponseWriter, status int, says string) {
	texts := map[int]string{400: "Request too large. If applicable, filter by query params.", 403: "Invalid scope(s): file_content:read. This endpoint requires the file_metadata:read scope", 404: "Not found"}
	if says != "" && status == http.StatusForbidden {
		texts[status] = says
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "396749")
		w.Header().Set("X-Figma-Plan-Tier", "pro")
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"err":%q}`, status, texts[status])
}

// memory keeps what a Keeper and a Cache keep.
type memory struct {
	mu    sync.Mutex
	files map[string]files.Kept
	small map[string][]byte
}

func (m *memory) Get(_ context.Context, account, file string) (files.Kept, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.files[account+" "+file]
	return k, ok
}

func (m *memory) Put(_ context.Context, account, file, _ string, k files.Kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[account+" "+file] = k
}

func (m *memory) Drop(_ context.Context, account, file string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, account+" "+file)
}

// parts is the Cache of a memory.
type parts struct{ *memory }

func (p parts) Get(_ context.Context, key string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.small[key]
	return v, ok
}

func (p parts) Put(_ context.Context, key string, value []byte, _ time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.small[key] = value
}

// rig is a source over a figma, with a clock of its own.
type rig struct {
	*figma
	kept *memory
	srv  *httptest.Server
	now  time.Time
	who  string // account that asks
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{
		figma: &figma{version: 1, counts: map[string]int{}, refuse: map[string]int{}},
		kept:  &memory{files: map[string]files.Kept{}, small: map[string][]byte{}},
		now:   time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), who: "alice",
	}
	g.srv = httptest.NewServer(g.figma)
	t.Cleanup(g.srv.Close)
	return g
}

// source is a new one, as of another process.
func (g *rig) source() *files.Source {
	account := func(context.Context) (string, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.who, nil
	}
	clock := func() time.Time { return g.now }
	client := api.New(api.Config{BaseURL: g.srv.URL, Account: account, Now: clock, Client: func(context.Context) *http.Client { return g.srv.Client() }})
	return files.New(files.Config{API: client, Account: account, Kept: g.kept, Small: parts{g.kept}, Now: clock})
}

// hero is the name of the node 1:2.
func hero(t *testing.T, got files.Got, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want the file", err)
	}
	n := got.Node("1:2")
	if n == nil {
		t.Fatal("the file has no node 1:2")
	}
	return n.Name
}
