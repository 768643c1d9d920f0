package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// fakeAround records what the kernel asks and tells around a call.
type fakeAround struct {
	quota  tools.Quota
	broken error // of Before
	seen   []string
	after  []tools.Entry
	before []tools.Entry
}

func (f *fakeAround) Allow(_ context.Context, p tools.Principal, e tools.Effect) tools.Quota {
	f.seen = append(f.seen, "limit "+p.ID()+" "+e.String())
	return f.quota
}

func (f *fakeAround) Before(_ context.Context, e tools.Entry) error {
	f.seen, f.before = append(f.seen, "before "+e.Outcome), append(f.before, e)
	return f.broken
}

func (f *fakeAround) After(_ context.Context, e tools.Entry) {
	f.seen, f.after = append(f.seen, "after "+e.Outcome), append(f.after, e)
}

// auditDown can be acted on.
type auditDown struct{}

func (auditDown) Error() string { return "the audit cannot be written" }
func (auditDown) Code() string  { return "audit_unavailable" }
func (auditDown) Hint() string  { return "Wait." }

func effective(effect tools.Effect, act func()) tools.Tool {
	spec := echoSpec
	spec.Effect = effect
	return tools.New(spec, func(ctx context.Context, in echoArgs) (echoResult, error) {
		act()
		tools.Touch(ctx, "table:b")
		tools.Touch(ctx, "table:a")
		tools.Touch(ctx, "table:b")
		return echoResult{Said: []string{in.Text}}, nil
	})
}

func TestAroundACall(t *testing.T) {
	alice := tools.Principal{Issuer: "https://id.example", Subject: "alice"}
	limited := func(scopes ...string) tools.Principal {
		p := alice
		p.Scoped, p.Scopes = true, scopes
		return p
	}
	open := tools.Quota{Allowed: true}
	full := tools.Quota{Bucket: "calls", PerMinute: 30, RetryAfter: 1900 * time.Millisecond, Reset: 59*time.Second + 1}
	for _, c := range []struct {
		name   string
		who    tools.Principal
		effect tools.Effect
		f      fakeAround
		code   string // empty: the call ran
		seen   string
	}{
		{"a reading call asks the limit, runs and is recorded", alice, tools.ReadOnly, fakeAround{quota: open}, "",
			"limit https://id.example|alice read; before started; ran; after ok"},
		{"a writing call is recorded before it acts", alice, tools.Writes, fakeAround{quota: open}, "",
			"limit https://id.example|alice write; before started; ran; after ok"},
		{"a call that cannot be recorded does not act", alice, tools.Destructive, fakeAround{quota: open, broken: auditDown{}}, "audit_unavailable",
			"limit https://id.example|alice destroy; before started; after audit_unavailable"},
		{"a call over its limit does not act", alice, tools.ReadOnly, fakeAround{quota: full}, "rate_limited",
			"limit https://id.example|alice read; after rate_limited"},
		{"a token without the scope does not act, and costs no quota", limited(tools.ScopeRead), tools.Writes, fakeAround{quota: open}, "insufficient_scope",
			"after insufficient_scope"},
		{"a token with foreign scopes alone may not even read", limited("openid", "email"), tools.ReadOnly, fakeAround{quota: open}, "insufficient_scope",
			"after insufficient_scope"},
		{"a broader scope holds the narrower one", limited(tools.ScopeWrite), tools.ReadOnly, fakeAround{quota: open}, "",
			"limit https://id.example|alice read; before started; ran; after ok"},
		{"the local user may do everything", tools.Principal{}, tools.Destructive, fakeAround{quota: open}, "",
			"limit local| destroy; before started; ran; after ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.f
			rt := tools.Runtime{Limits: &f, Audit: &f}
			ctx := tools.WithPrincipal(t.Context(), c.who)
			a := rt.Call(ctx, effective(c.effect, func() { f.seen = append(f.seen, "ran") }), json.RawMessage(`{"text":"hi"}`))
			code := ""
			if a.Failure != nil {
				code = a.Failure.Code
			}
			if got := strings.Join(f.seen, "; "); code != c.code || got != c.seen {
				t.Errorf("got code %q and %s\nwant %q and %s", code, got, c.code, c.seen)
			}
		})
	}
}

// TestAPreviewOnlyReads: what changes nothing counts as that, in limits and in
// the audit; the argument must be just that.
func TestAPreviewOnlyReads(t *testing.T) {
	type args struct {
		Preview bool `json:"preview,omitempty"`
	}
	spec := tools.Spec{Name: "post", Title: "Post", Description: "Post.", Effect: tools.Writes, Preview: "preview"}
	tool := tools.New(spec, func(context.Context, args) (echoResult, error) { return echoResult{}, nil })
	for raw, want := range map[string]string{
		`{"preview":true}`: "read", `{"preview":false}`: "write", `{}`: "write", `{"PREVIEW":true}`: "write",
		`{"preview":"true"}`: "write", `{"preview":true,"Preview":false}`: "refused", `{"preview":true,"preview":false}`: "write", // the last counts, as it does for the tool
	} {
		f := fakeAround{quota: tools.Quota{Allowed: true}}
		a := tools.Runtime{Limits: &f, Audit: &f}.Call(t.Context(), tool, json.RawMessage(raw))
		if want == "refused" {
			if a.Failure == nil {
				t.Errorf("%s: got no failure, want it refused", raw)
			}
			continue
		}
		if got := f.seen[0]; got != "limit local| "+want || f.before[0].Effect.String() != want {
			t.Errorf("%s: got %s and the record of %s, want %s", raw, got, f.before[0].Effect, want)
		}
	}
}

func TestFailureOverTheLimitSaysWhenToCallAgain(t *testing.T) {
	f := fakeAround{quota: tools.Quota{Bucket: "calls", PerMinute: 30, RetryAfter: 1900 * time.Millisecond, Reset: 59*time.Second + 1}}
	got := tools.Runtime{Limits: &f}.Call(t.Context(), tools.New(echoSpec, echo), json.RawMessage(`{"text":"hi"}`)).Failure.JSON()
	want := `{"code":"rate_limited","message":"the limit of 30 calls a minute is reached","hint":"Wait retry_after_seconds, then call again; ask for more in one call instead of many.",` +
		`"retry_after_seconds":2,"limit":30,"remaining":0,"reset_seconds":60}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEntryHoldsWhoAndWhatButNoArgument(t *testing.T) {
	f := fakeAround{quota: tools.Quota{Allowed: true}}
	rt := tools.Runtime{Audit: &f, TraceID: func(context.Context) string { return "trace1" }}
	alice := tools.Principal{Issuer: "iss", Subject: "alice", Email: "a@example.com"}
	ctx := tools.WithRequest(tools.WithPrincipal(t.Context(), alice), tools.Request{ID: "r1", Address: "192.0.2.1"})
	rt.Call(ctx, effective(tools.ReadOnly, func() {}), json.RawMessage(`{"text":"hunter2"}`))
	e := f.after[0]
	if e.Time.IsZero() || e.Duration <= 0 {
		t.Errorf("got time %v and duration %v, want both", e.Time, e.Duration)
	}
	e.Time, e.Duration = time.Time{}, 0
	want := tools.Entry{
		Principal: alice, Tool: "echo", Effect: tools.ReadOnly, Objects: []string{"table:a", "table:b"}, Outcome: "ok",
		Digest:  "c21b2f3b962bf3f20878bfd315a3e09d177e4ea543760e1ca1adb3d43a1b4ef5",
		Request: tools.Request{ID: "r1", Address: "192.0.2.1"}, TraceID: "trace1",
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	if strings.Contains(fmt.Sprintf("%+v", f), "hunter2") {
		t.Errorf("an argument is in the record: %+v", f)
	}
}

func TestInternalFailureIsRecordedUnderItsReference(t *testing.T) {
	f := fakeAround{quota: tools.Quota{Allowed: true}}
	a := tools.Runtime{Audit: &f}.Call(t.Context(), failing(errors.New("boom")), json.RawMessage(`{"text":"x"}`))
	if f.after[0].Ref == "" || f.after[0].Ref != a.Failure.Ref {
		t.Errorf("got reference %q in the record and %q in the answer, want the same", f.after[0].Ref, a.Failure.Ref)
	}
}

func TestCallIsToldWithItsOutcome(t *testing.T) {
	var told []string
	rt := tools.Runtime{Called: func(_ context.Context, tool, outcome string) { told = append(told, tool+" "+outcome) }}
	rt.Call(t.Context(), tools.New(echoSpec, echo), json.RawMessage(`{"text":"x"}`))
	rt.Call(t.Context(), failing(busyError{}), json.RawMessage(`{"text":"x"}`))
	if want := []string{"echo ok", "echo busy"}; !slices.Equal(told, want) {
		t.Errorf("got %v, want %v", told, want)
	}
}

func TestTouchedObjectsAreBounded(t *testing.T) {
	f := fakeAround{quota: tools.Quota{Allowed: true}}
	tool := tools.New(echoSpec, func(ctx context.Context, _ echoArgs) (echoResult, error) {
		for i := range 10 * tools.MaxObjects {
			tools.Touch(ctx, fmt.Sprint("table:", i))
		}
		return echoResult{Said: []string{}}, nil
	})
	tools.Runtime{Audit: &f}.Call(t.Context(), tool, json.RawMessage(`{"text":"x"}`))
	if n := len(f.after[0].Objects); n != tools.MaxObjects {
		t.Errorf("got %d objects, want %d", n, tools.MaxObjects)
	}
}

// TestPrincipalsNeverShareAKey also splits the same text elsewhere.
func TestPrincipalsNeverShareAKey(t *testing.T) {
	seen := map[string]tools.Principal{}
	for _, issuer := range []string{"", "local", "a", "a|b", "ab", "a|", "|", "\x01a"} {
		for _, subject := range []string{"", "c", "b|c", "|c", "bc", "a", "\x01a"} {
			p := tools.Principal{Issuer: issuer, Subject: subject}
			other, taken := seen[p.Key()]
			same := (issuer == "" || issuer == "local") && (other.Issuer == "" || other.Issuer == "local") && other.Subject == subject
			if taken && !same {
				t.Errorf("%q and %q share the key %s", p.ID(), other.ID(), p.Key())
			}
			seen[p.Key()] = p
		}
	}
}

// noTurn lets nobody in.
type noTurn struct{}

func (noTurn) Enter(context.Context, tools.Principal) (func(), error) { return nil, busyError{} }

func TestCallWaitsForItsTurn(t *testing.T) {
	ran := false
	f := fakeAround{quota: tools.Quota{Allowed: true}}
	a := tools.Runtime{Turns: noTurn{}, Audit: &f}.Call(t.Context(), effective(tools.Writes, func() { ran = true }), json.RawMessage(`{"text":"x"}`))
	if ran || a.Failure == nil || a.Failure.Code != "busy" || len(f.before) != 0 {
		t.Errorf("got ran=%v, %+v, %v recorded, want the refusal before anything else", ran, a.Failure, f.before)
	}
}
