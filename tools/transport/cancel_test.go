package transport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// Trap 1. In mcp-go all requests without a session share one key space, so that
// anybody's notifications/cancelled for id 7 ends everybody's request 7.
func TestForeignCancelNeverReachesAnothersCall(t *testing.T) {
	cancel := func(e era) string { return e.msg("", "notifications/cancelled", `{"requestId":7}`) }
	tests := []struct {
		name             string
		victim, attacker func(*wire) *wire
		era              era
	}{
		{"2026-07-28, another user", (*wire).alice, (*wire).mallory, modern},
		{"2026-07-28, the same user elsewhere", (*wire).alice, (*wire).alice, modern},
		{"2025-11-25, neither has a session", (*wire).alice, (*wire).mallory, legacy},
		{"2025-11-25, each has a session", (*wire).aliceWithSession, (*wire).malloryWithSession, legacy},
		{"2025-11-25, the attacker has none", (*wire).aliceWithSession, (*wire).mallory, legacy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			w := r.http(t, nil)
			victim, attacker := tt.victim(w), tt.attacker(w)
			answer := make(chan got, 1)
			go func() { answer <- victim.post(tt.era.call("7", "wait")) }()
			receive(t, r.entered, "the call to begin")
			if g := attacker.post(cancel(tt.era)); g.status != http.StatusAccepted {
				t.Errorf("foreign cancel: got %d %s, want 202", g.status, g.raw)
			}
			attacker.post(tt.era.call("8", "echo")) // served after the cancel
			r.release <- struct{}{}
			if g := receive(t, answer, "the answer"); !strings.Contains(g.raw, "released") {
				t.Errorf("got %s, want the call's own answer", g.raw)
			}
		})
	}
}

func (w *wire) alice() *wire              { return w.as("alice") }
func (w *wire) mallory() *wire            { return w.as("mallory") }
func (w *wire) aliceWithSession() *wire   { return w.as("alice").initialize("") }
func (w *wire) malloryWithSession() *wire { return w.as("mallory").initialize("") }

func TestOwnCancelEndsTheCall(t *testing.T) {
	cancel := legacy.msg("", "notifications/cancelled", `{"requestId":7}`)
	t.Run("stdio, without an answer", func(t *testing.T) {
		r := newRig()
		p := r.stdio(t, nil)
		p.send(legacy.call("7", "wait"))
		receive(t, r.entered, "the call to begin")
		p.send(cancel)
		if err := receive(t, r.ended, "the call to end"); !errors.Is(err, context.Canceled) {
			t.Errorf("the handler saw %v, want %v", err, context.Canceled)
		}
		if m := p.send(legacy.call("8", "echo")).next(); string(m.ID) != "8" {
			t.Errorf("got %s, want no answer to the cancelled request", m.raw)
		}
	})
	t.Run("HTTP session", func(t *testing.T) {
		r := newRig()
		w := r.http(t, nil).initialize("")
		answer := make(chan got, 1)
		go func() { answer <- w.post(legacy.call("7", "wait")) }()
		receive(t, r.entered, "the call to begin")
		w.post(cancel)
		if err := receive(t, r.ended, "the call to end"); !errors.Is(err, context.Canceled) {
			t.Errorf("the handler saw %v, want %v", err, context.Canceled)
		}
		if m := receive(t, answer, "the answer").last(); m.Error == nil || m.Error.Code != rpc.CodeCancelled {
			t.Errorf("got %s, want code %d", m.raw, rpc.CodeCancelled)
		}
		if strings.Contains(r.log.String(), "request failed") {
			t.Errorf("a cancelled call is logged as a failure:\n%s", r.log)
		}
	})
}

func TestDisconnectCancelsTheCall(t *testing.T) {
	for _, e := range []era{modern, legacy} {
		t.Run("HTTP "+string(e), func(t *testing.T) {
			r := newRig()
			w := r.http(t, nil)
			ctx, hangUp := context.WithCancel(context.Background())
			gone := make(chan struct{})
			req := w.request(ctx, http.MethodPost, "/mcp", e.call("1", "wait"))
			go func() {
				defer close(gone)
				if res, err := http.DefaultClient.Do(req); err == nil {
					res.Body.Close()
				}
			}()
			receive(t, r.entered, "the call to begin")
			hangUp()
			if err := receive(t, r.ended, "the call to end"); !errors.Is(err, context.Canceled) {
				t.Errorf("the handler saw %v, want %v", err, context.Canceled)
			}
			receive(t, gone, "the client")
		})
	}
	t.Run("HTTP+SSE", func(t *testing.T) {
		r := newRig()
		w := r.http(t, nil)
		ctx, hangUp := context.WithCancel(context.Background())
		defer hangUp()
		_, endpoint := w.sse(ctx)
		w.postSSE(endpoint, legacy.call("1", "wait"))
		receive(t, r.entered, "the call to begin")
		hangUp()
		if err := receive(t, r.ended, "the call to end"); !errors.Is(err, context.Canceled) {
			t.Errorf("the handler saw %v, want %v", err, context.Canceled)
		}
	})
}
