//go:build unix

// Package browser walks real people's way through fluxmcp in a real browser:
// headless Chromium connects, refuses, reconnects and disconnects accounts at the
// sandbox, and axe-core looks at every page on the way.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/fluxstudio/fluxmcp/examples/internal/program"
	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

var shots = flag.String("shots", "", "folder to keep a picture of every page in")

// build makes the program once for all tests.
var build = sync.OnceValues(program.Build)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(program.Main(m, func() {
		if built, err := build(); err == nil {
			_ = built.Remove()
		}
	}))
}

// rig is a server and the providers it knows.
type rig struct {
	t    *testing.T
	base string
}

// start runs the sandbox and a server that uses it.
func start(t *testing.T, extra ...string) *rig {
	t.Helper()
	built, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	there := "http://" + l.Addr().String()
	box := sandbox.New(sandbox.Options{BaseURL: there})
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: box.Handler()}}
	srv.Start()
	t.Cleanup(srv.Close)
	env := append([]string{
		"DATABASE_URL=" + storetest.DB(t), "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"),
		"OAUTH_ENCRYPTION_KEY=browser-tests-seal-with-this-9f2c7e1b4d", "RATE_LIMIT_PER_MINUTE=0", "FLUXMCP_WRITE_LIMIT_PER_MINUTE=0",
	}, extra...)
	for _, row := range box.Settings() {
		env = append(env, row.Name+"="+row.Value)
	}
	built.Run(t, env, "migrate", "up")
	server := built.Serve(t, env)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server said:\n%s", server.Log())
		}
	})
	r := &rig{t: t, base: "http://" + server.Address}
	for _, p := range []string{"figma", "slack", "github"} {
		box.Register(p, r.base+"/api/integrations/"+p+"/callback")
	}
	return r
}

// call calls a tool and returns the text of its answer.
func (r *rig) call(token, tool, args string) string {
	r.t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + args +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"designer","title":"The Designer's Assistant","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.base+"/mcp", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		req.Header.Set(name, value)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, after, found := bytes.Cut(text, []byte("data: ")); found {
		text, _, _ = bytes.Cut(after, []byte("\n"))
	}
	var a struct {
		Result struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &a); err != nil || len(a.Result.Content) == 0 {
		r.t.Fatalf("%s: %d %s", tool, res.StatusCode, text)
	}
	return a.Result.Content[0].Text
}

var linkForm = regexp.MustCompile(`http://127\.0\.0\.1:\d+/connect/[A-Za-z0-9_-]+`)

// link calls a tool that needs an account and takes the link from its answer.
func (r *rig) link(token, tool, args string) string {
	r.t.Helper()
	answer := r.call(token, tool, args)
	link := linkForm.FindString(answer)
	if link == "" {
		r.t.Fatalf("%s answers %s, want a link in it", tool, answer)
	}
	return link
}

// tab is a browser of one person.
type tab struct {
	t     *testing.T
	ctx   context.Context
	name  string // of the test, for pictures
	count int
}

// browse opens an empty browser profile.
func browse(t *testing.T) *tab {
	t.Helper()
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Fatal("Chromium is missing: run `make test`, or install the package chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-gpu", true), chromedp.WindowSize(1200, 900))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium's own; it refuses to run as root with it
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the browser lives as long as the context of its first run
		t.Fatalf("start %s: %v", chromium, err)
	}
	return &tab{t: t, ctx: ctx, name: strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())}
}

// within runs an action with a bound; what names it in failures.
func within[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 40*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		at, _ := chromedp.Run(b.ctx, chromedp.Location())
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		b.t.Fatalf("%s: %v; the page at %s says:\n%s", what, err, at, text)
	}
	return v
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	within(b, what, chromedp.Steps(steps...))
}

// open goes to an address.
func (b *tab) open(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

// click presses the button or follows the link with that text.
func (b *tab) click(text string) {
	b.t.Helper()
	xpath := fmt.Sprintf(`//button[contains(normalize-space(.), %q)] | //a[contains(normalize-space(.), %q)] | //input[@type="submit" and contains(@value, %q)]`, text, text, text)
	b.do("click "+text, chromedp.Click(chromedp.Search(xpath)))
}

// text is what the page says; empty between two pages.
func (b *tab) text() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`)) // who waits asks again
	return text
}

// sees waits until the page says want, and looks at it with axe.
func (b *tab) sees(want string) {
	b.t.Helper()
	b.waits(want)
	kind := strings.NewReplacer("Figma", "P", "Slack", "P", "GitHub", "P").Replace(want)
	if _, before := looked.LoadOrStore(kind, true); !before || *shots != "" {
		b.look()
	}
}

// looked are the kinds of pages that axe has seen: they differ by provider in
// words alone.
var looked sync.Map

// waits until the page says want.
func (b *tab) waits(want string) {
	b.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		text := b.text()
		if strings.Contains(text, want) {
			break
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the page says\n%s\nwant %q", text, want)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// axe is the accessibility checker, which .ci/need installs.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("../../out/npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		return "", fmt.Errorf("axe-core is missing, `make test` installs it: %w", err)
	}
	return string(text), nil
})

// look runs axe in light, dark and narrow, and keeps pictures where asked.
func (b *tab) look() {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	b.count++
	for _, view := range []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1200, "light"}, {"dark", 1200, "dark"}, {"phone", 320, "light"}} {
		what := "look at the page, " + view.name
		b.do(what, chromedp.EmulateViewport(view.width, 900))
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: view.scheme}},
		}); err != nil {
			b.t.Fatal(err)
		}
		within(b, what, chromedp.Evaluate[int](script+`;0`))
		found := within(b, what, chromedp.Evaluate[string](`axe.run().then(r => JSON.stringify(r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html)])))`, chromedp.EvalAwaitPromise))
		wide := within(b, what, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
		if found != "[]" {
			b.t.Errorf("%s: axe finds %s", view.name, found)
		}
		if wide {
			b.t.Errorf("%s: the page is wider than its window", view.name)
		}
		b.picture(view.name)
	}
	b.do("widen", chromedp.EmulateViewport(1200, 900))
}

func (b *tab) picture(view string) {
	if *shots == "" {
		return
	}
	png := within(b, "take a picture", chromedp.FullScreenshot(100))
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	name := fmt.Sprintf("%s-%02d-%s.png", b.name, b.count, view)
	if err := os.WriteFile(filepath.Join(*shots, name), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
