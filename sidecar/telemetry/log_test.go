package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

func TestLinesNameTheirRequest(t *testing.T) {
	person := tools.Principal{Issuer: "https://issuer.example", Subject: "person-17"}
	digest := person.Key()[:12]
	for _, c := range []struct {
		name string
		ctx  context.Context
		want map[string]any
	}{
		{"nothing is known", context.Background(), map[string]any{"request_id": nil, "principal": nil, "trace_id": nil, "span_id": nil}},
		{"everything is known", inTrace(asked(context.Background()), callerTrace), map[string]any{
			"request_id": "req-1", "principal": digest, "trace_id": callerTrace, "span_id": "00f067aa0ba902b7"}},
		{"the local user is not named", tools.WithPrincipal(context.Background(), tools.Principal{}), map[string]any{"principal": nil}},
		{"an id that is a token", tools.WithRequest(context.Background(), tools.Request{ID: "ghp_" + canary}), map[string]any{"request_id": "[redacted]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.Logger().InfoContext(c.ctx, "call", "tool", "query")
			r.Logger().With("a", 1).WithGroup("g").InfoContext(c.ctx, "call", "tool", "query")
			for _, line := range r.log.lines(t) {
				for name, want := range c.want {
					if line[name] != want {
						t.Errorf("%s = %v, want %v in %v", name, line[name], want, line)
					}
				}
			}
			if strings.Contains(r.log.String(), "person-17") || strings.Contains(r.log.String(), "someone@") {
				t.Errorf("line names the person: %s", r.log)
			}
		})
	}
}

func TestGroupsStayWhereTheyWereOpened(t *testing.T) {
	r := newRig(t, nil)
	r.Logger().With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").InfoContext(asked(t.Context()), "call", "c", 3)
	line := r.log.lines(t)[0]
	delete(line, "time")
	g, _ := line["g"].(map[string]any)
	h, _ := g["h"].(map[string]any)
	if line["a"] != 1.0 || g["b"] != 2.0 || h["c"] != 3.0 || line["request_id"] != "req-1" {
		t.Errorf("line is %v, want a, request_id, g.b and g.h.c", line)
	}
}

func TestAGroupWithASecretsNameHidesAllInIt(t *testing.T) {
	r := newRig(t, nil)
	r.Logger().WithGroup("credentials").Info("call", "value", canary)
	r.Logger().WithGroup("credentials").With("value", canary).WithGroup("deeper").Info("call", "value", canary)
	clean(t, "log", r.log.String())
	if got := strings.Count(r.log.String(), "[redacted]"); got != 3 {
		t.Errorf("%d values are redacted, want 3: %s", got, r.log)
	}
}

func TestMessagesAreRedactedToo(t *testing.T) {
	r := newRig(t, nil)
	r.Logger().InfoContext(asked(t.Context()), "got Bearer "+canary, "x", "ghp_"+canary)
	clean(t, "log", r.log.String())
	if got := r.log.lines(t)[0]["msg"]; got != "got Bearer [redacted]" {
		t.Errorf("msg = %v, want it redacted", got)
	}
}

func TestLevel(t *testing.T) {
	for _, withSentry := range []bool{false, true} {
		r := newRig(t, func(c *Config) {
			c.Level = slog.LevelWarn
			if withSentry {
				c.SentryDSN = dsn(newKeeper(t, 200, "{}", nil))
			}
		})
		r.Logger().Info("low")
		r.Logger().With("a", 1).WithGroup("g").Info("low")
		r.Logger().Warn("high")
		if got := r.log.lines(t); len(got) != 1 || got[0]["msg"] != "high" {
			t.Errorf("sentry=%v: lines are %v, want the one of level WARN", withSentry, got)
		}
	}
}

func TestTraceIDIsTheCallers(t *testing.T) {
	ctx, end := started(t, Config{}).Observer().Begin(t.Context(), transport.Message{Method: "ping", Trace: map[string]string{"traceparent": traceparent}})
	end(transport.Outcome{})
	if got := TraceID(ctx); got != callerTrace {
		t.Errorf("TraceID = %q, want %q", got, callerTrace)
	}
	if got := TraceID(t.Context()); got != "" {
		t.Errorf("TraceID outside of a trace = %q, want none", got)
	}
}

func BenchmarkLine(b *testing.B) {
	bare := slog.New(slog.NewJSONHandler(discard{}, nil))
	full := slog.New(newHandler(slog.NewJSONHandler(discard{}, nil), nil, newRedactor(Config{})))
	ctx := inTrace(asked(context.Background()), callerTrace)
	line := func(log *slog.Logger, err error) {
		log.LogAttrs(ctx, slog.LevelInfo, "call", slog.String("tool", "figma_get_file"), slog.String("outcome", "ok"),
			slog.Int("ms", 12), slog.String("toolset", "figma"), slog.Any("error", err))
	}
	for _, c := range []struct {
		name string
		log  *slog.Logger
		err  error
	}{{"bare", bare, nil}, {"ids and redaction", full, nil}, {"with an error", full, errors.New("read: connection reset by peer")},
		{"with a secret", full, errors.New("read: Bearer abcdefghijkl")}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				line(c.log, c.err)
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
