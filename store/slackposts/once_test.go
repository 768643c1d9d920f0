package slackposts_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/slackposts"
)

// atOnce runs act in many goroutines over two processes, and counts for how
// many it reports true.
func atOnce(r *rig, act func(p *rig) bool) int {
	var (
		yes   atomic.Int64
		wg    sync.WaitGroup
		begin = make(chan struct{})
		both  = []*rig{r, replica(r.Database)}
	)
	for i := range 64 {
		wg.Go(func() {
			<-begin
			if act(both[i%2]) {
				yes.Add(1)
			}
		})
	}
	close(begin)
	wg.Wait()
	return int(yes.Load())
}

// TestOneOfManyGetsIt has 64 callers of two processes want one thing at the
// same moment.
func TestOneOfManyGetsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	claim := func(p *rig) bool { c, err := p.Claim(t.Context(), k, "d"); return told(t, err) && c.New }
	if got := atOnce(r, claim); got != 1 {
		t.Errorf("a free key: %d of 64 got it, want one", got)
	}
	r.Exec("UPDATE fluxmcp.slack_posts SET expires_at = now()")
	if got := atOnce(r, claim); got != 1 {
		t.Errorf("an expired key: %d of 64 got it, want one", got)
	}
	for range 5 {
		last := r.claim(k, "d").Attempted
		if got := atOnce(r, func(p *rig) bool { c, err := p.Retake(t.Context(), k, last); return told(t, err) && c.New }); got != 1 {
			t.Errorf("another attempt: %d of 64 may make it, want one", got)
		}
	}
	last := r.claim(k, "d").Attempted
	if got := atOnce(r, func(p *rig) bool {
		done, err := p.Mark(t.Context(), k, last, posted("1.2"))
		return told(t, err) && done
	}); got != 1 {
		t.Errorf("posted: %d of 64 have marked it, want one", got)
	}
	if got := atOnce(r, func(p *rig) bool { done, err := p.Release(t.Context(), k, last); return told(t, err) && done }); got != 1 {
		t.Errorf("released: %d of 64 have done it, want one", got)
	}
	r.Want("afterwards", "SELECT status FROM fluxmcp.slack_posts")
}

func told(t *testing.T, err error) bool {
	if err != nil {
		t.Errorf("got %v, want no error", err)
	}
	return err == nil
}

// TestOneAtATime has many claim and release one key over and over: no two hold
// it at the same moment, and nobody fails.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	var holders, got atomic.Int64
	atOnce(r, func(p *rig) bool {
		for range 20 {
			c, err := p.Claim(t.Context(), k, "d")
			if c.State != slackposts.Pending {
				t.Errorf("claimed: got %s, want one that is pending", said(c))
			}
			if !told(t, err) || !c.New {
				continue
			}
			got.Add(1)
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d hold the key", n)
			}
			holders.Add(-1)
			if done, err := p.Release(t.Context(), k, c.Attempted); !told(t, err) || !done {
				t.Error("the holder cannot release it")
			}
		}
		return true
	})
	if got.Load() == 0 {
		t.Error("nobody got the key")
	}
}

const childURL = "FLUXMCP_SLACKPOSTS_TEST_URL"

// TestMain is the child of TestAClaimOutlivesItsProcess where it is told so: it
// claims a key, says so, and waits to be killed.
func TestMain(m *testing.M) {
	url := os.Getenv(childURL)
	if url == "" {
		os.Exit(m.Run())
	}
	db, err := store.Open(store.Config{URL: url})
	if err == nil {
		var c slackposts.Claim
		c, err = slackposts.New(db.Own()).Claim(context.Background(), key("ada", "K"), "d")
		fmt.Println(said(c), err)
	}
	if err != nil {
		os.Exit(1)
	}
	select {}
}

func TestAClaimOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), childURL+"="+r.URL)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	says, _ := bufio.NewReader(out).ReadString('\n') // at its end it says nothing
	if err := cmd.Process.Kill(); err != nil {
		t.Errorf("kill the child: %v", err)
	}
	_ = cmd.Wait() // it was killed
	if want := `true d pending "" "" "" <nil>` + "\n"; says != want {
		t.Fatalf("the child said %q, want %q", says, want)
	}
	c := r.claim(key("ada", "K"), "d")
	if want := `false d pending "" "" ""`; said(c) != want {
		t.Errorf("afterwards: got %s, want %s", said(c), want)
	}
	if next := r.retake(key("ada", "K"), c.Attempted); !next.New {
		t.Errorf("retaken: got %s, want New", said(next))
	}
}
