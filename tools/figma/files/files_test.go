package files_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

func TestFileIsReadOnceAVersion(t *testing.T) {
	g := newRig(t)
	s := g.source()
	for range 5 {
		got, err := s.File(t.Context(), key)
		if name := hero(t, got, err); name != "Hero 1" || got.Stale {
			t.Fatalf("got %q, stale %v, want Hero 1, fresh", name, got.Stale)
		}
		g.now = g.now.Add(time.Minute)
	}
	if got, err := g.source().Nodes(t.Context(), key, []string{"1:2"}); hero(t, got, err) != "Hero 1" {
		t.Error("another process does not use what is kept")
	}
	if n := g.count("file"); n != 1 {
		t.Errorf("the file was read %d times, want once", n)
	}
	g.set(func() { g.version = 2 })
	g.now = g.now.Add(time.Minute)
	got, err := s.File(t.Context(), key)
	if name := hero(t, got, err); name != "Hero 2" || g.count("file") != 2 {
		t.Errorf("after a change: got %q after %d reads, want Hero 2 after 2", name, g.count("file"))
	}
}

func TestVersionIsAskedForAgainOnlyAfterAWhile(t *testing.T) {
	g := newRig(t)
	s := g.source()
	for range 3 {
		if _, err := s.File(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if n := g.count("meta"); n != 1 {
		t.Errorf("asked %d times within 10 s, want once", n)
	}
	g.now = g.now.Add(11 * time.Second)
	if _, err := s.File(t.Context(), key); err != nil || g.count("meta") != 2 {
		t.Errorf("after 11 s: got %v after %d requests, want a second one", err, g.count("meta"))
	}
}

func TestWhatThereIsWhileFigmaCannotBeAsked(t *testing.T) {
	for _, c := range []struct {
		name, what string
		status     int
		stale      bool
	}{
		{"the limit for versions is reached", "meta", 429, true},
		{"Figma is away", "meta", 500, true},
		{"the limit for contents is reached after a change", "file", 429, true},
		{"the file is gone", "meta", 404, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t)
			s := g.source()
			if _, err := s.File(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			g.set(func() { g.refuse[c.what], g.version = c.status, 2 })
			g.now = g.now.Add(time.Hour)
			for _, from := range []*files.Source{s, g.source()} {
				got, err := from.File(t.Context(), key)
				if !c.stale {
					if kind, _ := api.KindOf(err); kind != api.NotFound {
						t.Errorf("got %v, want not found", err)
					}
					continue
				}
				if name := hero(t, got, err); name != "Hero 1" || !got.Stale {
					t.Errorf("got %q, stale %v, want Hero 1, stale", name, got.Stale)
				}
			}
			g.now = g.now.Add(files.Life)
			if _, err := s.File(t.Context(), key); err == nil {
				t.Error("a day later it is still given out")
			}
		})
	}
}

func TestWhatIsRefusedIsForgotten(t *testing.T) {
	g := newRig(t)
	s := g.source()
	if _, err := s.File(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	g.set(func() { g.refuse["meta"] = 404 })
	g.now = g.now.Add(time.Minute)
	if _, err := s.File(t.Context(), key); err == nil {
		t.Fatal("got the file that is not to be seen any more")
	}
	g.set(func() { g.refuse["meta"] = 429 })
	g.now = g.now.Add(time.Minute)
	if got, err := s.File(t.Context(), key); err == nil {
		t.Errorf("got %v although the file was taken away before the limit was reached", got.File)
	}
}

// TestWhatIsRefusedElsewhereIsNotStaleHere has two processes, of which only one
// is told that the file is gone, or that the token is no good.
func TestWhatIsRefusedElsewhereIsNotStaleHere(t *testing.T) {
	for _, refusal := range []string{"Not found", "Invalid token"} {
		t.Run(refusal, func(t *testing.T) {
			g := newRig(t)
			here, there := g.source(), g.source()
			for _, s := range []*files.Source{here, there} {
				if _, err := s.File(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			g.set(func() { g.refuse["meta"], g.says = 403, refusal })
			if refusal == "Not found" {
				g.set(func() { g.refuse["meta"] = 404 })
			}
			g.now = g.now.Add(time.Minute)
			if _, err := there.File(t.Context(), key); err == nil {
				t.Fatal("got the file that is refused")
			}
			g.set(func() { g.refuse["meta"] = 429 })
			g.now = g.now.Add(time.Minute)
			for _, s := range []*files.Source{here, there} {
				if got, err := s.File(t.Context(), key); err == nil {
					t.Errorf("got %q although it was refused before", got.Name)
				}
			}
		})
	}
}

// TestFigmaIsAskedAgainWhenCallersAreToldTo follows the wait that callers get.
func TestFigmaIsAskedAgainWhenCallersAreToldTo(t *testing.T) {
	g := newRig(t)
	g.refuse["meta"] = http.StatusInternalServerError
	s := g.source()
	var told *api.Error
	if _, err := s.File(t.Context(), key); !errors.As(err, &told) || told.RetryAfter() <= 0 {
		t.Fatalf("got %v, want when to try again", err)
	}
	g.set(func() { clear(g.refuse) })
	g.now = g.now.Add(told.RetryAfter())
	if got, err := s.File(t.Context(), key); err != nil || got.Stale {
		t.Errorf("after %v: got %v, want the file", told.RetryAfter(), err)
	}
}

// TestOneAccountLeavesPlacesToOthers has one account read as many slow files as
// it can, and others too.
func TestOneAccountLeavesPlacesToOthers(t *testing.T) {
	g := newRig(t)
	g.hold, g.arrived = make(chan struct{}), make(chan struct{}, 9)
	s := g.source()
	var slow sync.WaitGroup
	for _, file := range []string{"AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB"} {
		slow.Go(func() { _, _ = s.File(t.Context(), file) })
		<-g.arrived
	}
	_, err := s.File(t.Context(), "CCCCCCCCCCCCCCCC")
	var busy *files.Busy
	if !errors.As(err, &busy) || busy.RetryAfter() <= 0 {
		t.Errorf("a third file of the same account: got %v, want *files.Busy", err)
	}
	g.set(func() { g.who = "bob" })
	slow.Go(func() {
		if _, err := s.File(t.Context(), key); err != nil {
			t.Errorf("another account: got %v, want its file", err)
		}
	})
	<-g.arrived
	close(g.hold)
	slow.Wait()
}

// TestWhatNobodyWaitsForEnds checks that a read whose callers have all left does
// not hold its place, nor whoever comes later.
func TestWhatNobodyWaitsForEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 2)
		work := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return 0, ctx.Err()
		}
		var g files.Flights
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = files.Once(ctx, &g, "key", work) }()
		synctest.Wait()
		cancel()
		time.Sleep(14 * time.Second)
		if len(ended) != 0 {
			t.Error("ended at once, though it was paid for")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(ended) != 1 {
			t.Error("goes on though nobody waits")
		}
		if n, err := files.Once(t.Context(), &g, "key", func(context.Context) (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("who comes later got %d, %v, want a work of its own", n, err)
		}
		if _, err := files.Once(t.Context(), &g, "key", func(context.Context) (int, error) { panic("x") }); err == nil {
			t.Error("a panic is no error")
		}
	})
}

func TestAccountsShareNothing(t *testing.T) {
	g := newRig(t)
	s := g.source()
	if _, err := s.File(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	g.who = "bob"
	g.set(func() { g.refuse["file"], g.refuse["meta"] = 429, 429 })
	if _, err := s.File(t.Context(), key); err == nil {
		t.Error("bob got what alice has read")
	}
	if names, err := s.Names(t.Context(), key, []string{"1:2"}); err != nil || len(names) != 0 {
		t.Errorf("bob got names %v, %v", names, err)
	}
	g.set(func() { clear(g.refuse) })
	g.now = g.now.Add(5 * 24 * time.Hour) // the limit was for so long
	if _, err := s.Images(t.Context(), key, api.Render{IDs: []string{"1:2"}, Format: "png"}); err != nil {
		t.Fatal(err)
	}
	g.who = "alice"
	if _, err := s.Images(t.Context(), key, api.Render{IDs: []string{"1:2"}, Format: "png"}); err != nil || g.count("images") != 2 {
		t.Errorf("got %v after %d requests for pictures, want one of each account", err, g.count("images"))
	}
}

func TestTooLargeFiles(t *testing.T) {
	g := newRig(t)
	g.large = 4
	s := g.source()
	for range 2 {
		got, err := s.Nodes(t.Context(), key, []string{"1:2"})
		if name := hero(t, got, err); name != "Hero 1" || got.Depth != 4 {
			t.Errorf("got %q, %d levels, want Hero 1, 4", name, got.Depth)
		}
	}
	if whole, nodes := g.count("file"), g.count("nodes"); whole != 1 || nodes > 3 {
		t.Errorf("got %d requests for the whole and %d for nodes, want 1 and at most 3 for two calls", whole, nodes)
	}
	top, err := s.Top(t.Context(), key, 8)
	if name := hero(t, top, err); name != "Hero 1" || top.Depth != 4 {
		t.Errorf("got %q, %d levels, want Hero 1, 4", name, top.Depth)
	}
	var large *files.TooLarge
	if _, err := s.File(t.Context(), key); !errors.As(err, &large) || large.Hint() == "" {
		t.Errorf("got %v, want *TooLarge", err)
	}
	g.set(func() { g.refuse["meta"] = 429 })
	g.now = g.now.Add(time.Minute)
	if got, err := s.Nodes(t.Context(), key, []string{"1:2"}); err != nil || !got.Stale {
		t.Errorf("at the limit: got %v, stale %v, want the part, stale", err, got.Stale)
	}
}

func TestPicturesAreAskedForOnce(t *testing.T) {
	g := newRig(t)
	s := g.source()
	ask := func(ids ...string) map[string]files.Picture {
		t.Helper()
		p, err := s.Images(t.Context(), key, api.Render{IDs: ids, Format: "png", Scale: 1})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ask("1:2", "1:3")
	if p := ask("1:2", "1:4"); p["1:4"].URL == "" || p["1:2"].Expires.Before(g.now.Add(20*24*time.Hour)) {
		t.Errorf("got %+v, want all of them, for weeks", p)
	}
	if last := g.asked[len(g.asked)-1]; !strings.Contains(last, "ids=1%3A4&") {
		t.Errorf("asked %s, want only what is missing", last)
	}
	g.set(func() { g.version = 2 })
	g.now = g.now.Add(time.Minute)
	ask("1:2")
	if n := g.count("images"); n != 3 {
		t.Errorf("got %d requests, want a third one for the new version", n)
	}
	if f, err := s.Fills(t.Context(), key); err != nil || f["abcdefgh"].URL == "" {
		t.Errorf("got %v, %v, want the image that was uploaded", f, err)
	}
}

func TestVersionThatMayNotBeAskedFor(t *testing.T) {
	g := newRig(t)
	g.refuse["meta"] = http.StatusForbidden
	s := g.source()
	for range 3 {
		if _, err := s.File(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		g.now = g.now.Add(time.Minute)
	}
	if n := g.count("file"); n != 1 {
		t.Errorf("read %d times in three minutes, want once", n)
	}
	g.now = g.now.Add(5 * time.Minute)
	if _, err := s.File(t.Context(), key); err != nil || g.count("file") != 2 {
		t.Errorf("got %v after %d reads, want a second one after 5 minutes", err, g.count("file"))
	}
}

func TestOldVersionsAreKept(t *testing.T) {
	g := newRig(t)
	g.version = 3
	s := g.source()
	for range 2 {
		got, err := s.At(t.Context(), key, "2")
		if name := hero(t, got, err); name != "Hero 2" {
			t.Errorf("got %q, want Hero 2", name)
		}
	}
	if got, err := g.source().At(t.Context(), key, "2"); hero(t, got, err) != "Hero 2" || g.count("file") != 1 {
		t.Errorf("read %d times, want once", g.count("file"))
	}
}

// TestCallerWhoLeaves checks that a read goes on for the others.
func TestCallerWhoLeaves(t *testing.T) {
	g := newRig(t)
	g.hold, g.arrived = make(chan struct{}), make(chan struct{}, 2)
	s := g.source()
	ctx, cancel := context.WithCancel(t.Context())
	left, got := make(chan error), make(chan error)
	go func() { _, err := s.File(ctx, key); left <- err }()
	<-g.arrived
	go func() { _, err := s.File(t.Context(), key); got <- err }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(g.hold)
	if err := <-got; err != nil || g.count("file") != 1 {
		t.Errorf("who stayed got %v after %d reads, want the file after one", err, g.count("file"))
	}
}

func TestNamesCostNothing(t *testing.T) {
	g := newRig(t)
	s := g.source()
	if names, err := s.Names(t.Context(), key, []string{"1:2"}); err != nil || len(names) != 0 {
		t.Errorf("got %v, %v before the file was read, want none", names, err)
	}
	if _, err := s.File(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	before := len(g.asked)
	names, err := s.Names(t.Context(), key, []string{"1:2", "9:9"})
	if err != nil || names["1:2"] != "Hero 1" || len(g.asked) != before {
		t.Errorf("got %v, %v after %v, want Hero 1 and no request", names, err, slices.Clone(g.asked[before:]))
	}
}

func TestNamesOfVariables(t *testing.T) {
	g := newRig(t)
	s := g.source()
	for range 2 {
		if names := s.Variables(t.Context(), key); names["VariableID:1:2"] != "Colour/Primary" {
			t.Errorf("got %v, want their names", names)
		}
	}
	if n := g.count("variables"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	other := newRig(t)
	other.refuse["variables"] = http.StatusForbidden
	s = other.source()
	for range 3 {
		if names := s.Variables(t.Context(), key); len(names) != 0 {
			t.Errorf("got %v, want none", names)
		}
	}
	if n := other.count("variables"); n != 1 {
		t.Errorf("asked %d times for what is refused, want once", n)
	}
	other.now = other.now.Add(files.Life)
	if s.Variables(t.Context(), key); other.count("variables") != 2 {
		t.Errorf("asked %d times, want again after a day", other.count("variables"))
	}
}
