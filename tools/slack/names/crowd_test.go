package names_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// The workspace of the crowd, and the tokens of two people in it: Caleb is in
// all channels of the crowd, Kofi in none.
const (
	crowdChannels = 20_000
	crowdUsers    = 200_000

	calebToken = "xoxp-SANDBOX-caleb_ochoa"
	kofiToken  = "xoxp-SANDBOX-kofi_larsen"
	botToken   = "xoxb-SANDBOX-T0SBXFLUX"
)

// sandbox runs the sandbox in a process of its own, so that the memory of this
// one is that of the client alone, and returns its address.
func sandbox(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "serve")
	if out, err := exec.Command("go", "build", "-o", path, "../../../examples/sandbox/serve").CombinedOutput(); err != nil {
		t.Fatalf("build the sandbox: %v: %s", err, out)
	}
	cmd := exec.Command(path, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	setting := regexp.MustCompile(`SLACK_API_URL=["']?(\S+?)/slack/api["']?$`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := setting.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatal("the sandbox says no SLACK_API_URL")
	return ""
}

// control turns a knob of the sandbox.
func control(t *testing.T, base, knob string, command map[string]any) {
	t.Helper()
	body, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(base+"/_control/"+knob, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", knob, resp.StatusCode)
	}
}

// counted is a transport that counts.
type counted struct {
	next  http.RoundTripper
	calls atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.next.RoundTrip(r)
}

// client is a real one, and what counts its requests.
func client(base, token string) (*api.Client, *counted) {
	c := &counted{next: api.BotToken(token, base, nil)}
	web := &http.Client{Transport: c}
	return api.New(api.Config{
		BaseURL: base + "/slack/api", Client: func(context.Context) *http.Client { return web }, Bot: strings.HasPrefix(token, "xoxb-"),
	}), c
}

// peak is the most heap that is in use until stop is called, bytes.
func peak() (stop func() uint64) {
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		var max uint64
		for sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}; ; {
			metrics.Read(sample)
			if now := sample[0].Value.Uint64(); now > max {
				max = now
			}
			select {
			case <-tick.C:
			case <-done:
				most <- max
				return
			}
		}
	}()
	return func() uint64 { close(done); return <-most }
}

// live is the heap that is in use after a collection, bytes.
func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestCrowd asks a workspace of 20,000 channels and 200,000 people, each time
// with nothing known before, and measures. Times are for reading, not asserted.
func TestCrowd(t *testing.T) {
	base := sandbox(t)
	control(t, base, "slack-crowd", map[string]any{"channels": crowdChannels, "users": crowdUsers})
	ctx := context.Background()
	channel := func(text string) func(*names.Names) (string, error) {
		return func(n *names.Names) (string, error) { c, err := n.Channel(ctx, text); return c.ID, err }
	}
	user := func(text string) func(*names.Names) (string, error) {
		return func(n *names.Names) (string, error) { u, err := n.User(ctx, text); return u.ID, err }
	}
	find := func(text string) func(*names.Names) (string, error) {
		return func(n *names.Names) (string, error) {
			f, err := n.FindUsers(ctx, names.FindQuery{Text: text})
			if err != nil || len(f.List) == 0 {
				return "", err
			}
			return f.List[0].ID, nil
		}
	}
	list := func(n *names.Names) (string, error) {
		l, err := n.List(ctx, names.ListQuery{Kinds: []api.Kind{api.Public}})
		if err != nil || len(l.List) != 100 {
			return "", err
		}
		return l.List[0].ID, nil
	}
	const most = 80 << 20
	begun, before := time.Now(), live()
	held := map[string]*names.Names{}
	for _, c := range []struct {
		name, token string
		ask         func(*names.Names) (string, error)
		want        string
		calls       int64 // at most
	}{
		{"an own channel", kofiToken, channel("#tidal"), "C0SBX0010", 1},
		{"a channel early in the list", kofiToken, channel("#crowd-000010"), "C0CRW000010", 3},
		{"the last channel of the list", kofiToken, channel("#crowd-019999"), "C0CRW019999", 24},
		{"the last of 20,000 own channels", calebToken, channel("#crowd-019999"), "C0CRW019999", 24},
		{"a channel that nobody has", kofiToken, channel("#nobody"), "unknown_channel", 24},
		{"the last channel, by a bot", botToken, channel("#crowd-019999"), "C0CRW019999", 24},
		{"a page of channels", kofiToken, list, "C0SBX0001", 1},
		{"a handle early in the list", kofiToken, user("@sana.patel"), "U0SBXSANA", 1},
		{"the last address", kofiToken, user("guest.199999@guests.example"), "U0CRW199999", 1},
		{"the last id", kofiToken, user("U0CRW199999"), "U0CRW199999", 1},
		{"a handle far down the list, of somebody who wrote nothing", kofiToken, user("@guest.199999"), "unknown_user", 12},
		{"a handle far down the list, by a bot", botToken, user("@guest.199999"), "unknown_user", 11},
		{"words of a name", kofiToken, find("guest 123"), "U0CRW000123", 10},
		{"the last address by a search for people", kofiToken, find("guest.199999@guests.example"), "U0CRW199999", 1},
	} {
		web, calls := client(base, c.token)
		n := names.New(names.Config{API: web, Now: func() time.Time { return begun }}) // however slow the machine is
		held[c.name] = n
		stop := peak()
		begin := time.Now()
		got, err := c.ask(n)
		took := time.Since(begin)
		top := stop()
		if got += codeOf(err); got != c.want && c.want != "U0SBXSANA" || calls.calls.Load() > c.calls {
			t.Errorf("%s: %s, %v with %d requests; want %s with at most %d", c.name, got, err, calls.calls.Load(), c.want, c.calls)
		}
		t.Logf("%-58s %5d ms %3d requests, heap at most %4.1f MiB", c.name, took.Milliseconds(), calls.calls.Load(), float64(top)/(1<<20))
	}
	after := live()
	t.Logf("heap in use: %.1f MiB before, %.1f MiB with the lists of all %d askers", float64(before)/(1<<20), float64(after)/(1<<20), len(held))
	if after > most {
		t.Errorf("%d bytes are in use, want at most %d", after, most)
	}
	runtime.KeepAlive(held)
}

// TestCrowdOfEverything reads on for one person until all channels are known and
// as many people as are kept, and measures what that takes.
func TestCrowdOfEverything(t *testing.T) {
	base := sandbox(t)
	control(t, base, "slack-crowd", map[string]any{"channels": crowdChannels, "users": crowdUsers})
	ctx := context.Background()
	web, calls := client(base, calebToken)
	begun, before := time.Now(), live()
	stop := peak()
	n := names.New(names.Config{API: web, Now: func() time.Time { return begun }})
	if _, err := n.Channel(ctx, "#nobody"); codeOf(err) != "unknown_channel" {
		t.Errorf("a channel that nobody has: %v, want unknown_channel", err)
	}
	cursor := ""
	for range 3 { // 30,000 people, which is more than are kept
		found, err := n.FindUsers(ctx, names.FindQuery{Text: "guest.1999", Cursor: cursor})
		if err != nil || found.Next == "" {
			t.Fatalf("%+v, %v; want a page and a cursor", found, err)
		}
		cursor = found.Next
	}
	top, after := stop(), live()
	t.Logf("%d requests; heap in use %.1f MiB before, at most %.1f MiB, %.1f MiB after", calls.calls.Load(), float64(before)/(1<<20), float64(top)/(1<<20), float64(after)/(1<<20))
	if most := uint64(80 << 20); top > most || after > most {
		t.Errorf("heap in use: %d bytes at most, %d after; want no more than %d", top, after, most)
	}
	runtime.KeepAlive(n)
}
