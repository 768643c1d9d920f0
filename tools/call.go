package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// Answer is what one call gives: either Failure is set, or the rest.
type Answer struct {
	Text       string
	Structured json.RawMessage
	Content    []Content
	Failure    *Failure
	Visit      *Visit // a page to open first; Failure or the result says so too
}

// Runtime is what surrounds every call of every tool: deadline, limit, audit,
// recovery and one line of the log. Nil members are left out.
type Runtime struct {
	Log    *slog.Logger
	Limits Limiter
	Turns  Turns
	Audit  Auditor

	// TraceID is the id of the trace that ctx belongs to, or "".
	TraceID func(ctx context.Context) string

	// Called is told how each call ended: ok, or the code of its failure.
	Called func(ctx context.Context, tool, outcome string)

	// Connect makes the page that mends err where a person can, such as by
	// connecting an account; nil: there is none.
	Connect func(ctx context.Context, err error) *Visit

	// Await waits, a bounded time, until the visit id of the caller is over; nil:
	// it led to what it was for. An error with Code() reaches the caller.
	Await func(ctx context.Context, id string) error

	// Notify sends a notification to the client that made the call of ctx.
	// Nil: progress is dropped.
	Notify func(ctx context.Context, method string, params map[string]any) error

	// Fail makes the JSON-RPC error of a request that is no tool call; uri is
	// the resource asked for, or empty. Nil: the transport's own error.
	Fail func(ctx context.Context, uri string, f Failure) error
}

// Call decodes raw, runs the tool within its deadline and its caller's limits,
// records it and returns the answer. It never panics and never returns an error
// of Go.
func (rt Runtime) Call(ctx context.Context, t Tool, raw json.RawMessage) Answer {
	c := rt.begin(ctx, t, raw)
	out, err := rt.run(&c, raw)
	var f *Failure
	if err != nil {
		told := failureOf(c.bounded, err)
		f = &told
	}
	c.end()
	rt.finish(c, f, err)
	if f == nil {
		return Answer{Text: out.text, Structured: out.structured, Content: out.content, Visit: out.visit}
	}
	v := rt.visitFor(ctx, err)
	if v != nil {
		told := v.told(*f)
		f = &told
	}
	return Answer{Failure: f, Visit: v}
}

// running is one call of a tool.
type running struct {
	ctx     context.Context // the caller's, for what follows the call
	bounded context.Context // with the tool's deadline
	end     context.CancelFunc
	tool    Tool
	start   time.Time
	touched *touched
	entry   Entry // for the audit; zero without one
	effect  Effect
}

func (rt Runtime) begin(ctx context.Context, t Tool, raw json.RawMessage) running {
	c := running{ctx: ctx, tool: t, start: time.Now(), effect: t.Spec.effectOf(raw)}
	inner := ctx
	if rt.Audit != nil {
		c.touched = &touched{}
		inner = context.WithValue(ctx, touchedKey{}, c.touched)
		c.entry = Entry{
			Principal: PrincipalOf(ctx), Tool: t.Spec.Name, Effect: c.effect,
			Digest: digest(raw), Request: RequestOf(ctx), TraceID: rt.traceID(ctx),
		}
	}
	c.bounded, c.end = context.WithTimeout(inner, t.Spec.timeout())
	return c
}

func (rt Runtime) traceID(ctx context.Context) string {
	if rt.TraceID == nil {
		return ""
	}
	return rt.TraceID(ctx)
}

// run asks whether the caller may, records that the call begins, and makes it.
func (rt Runtime) run(c *running, raw json.RawMessage) (output, error) {
	if err := permitted(c.ctx, c.tool); err != nil {
		return output{}, err
	}
	if rt.Limits != nil {
		if q := rt.Limits.Allow(c.ctx, PrincipalOf(c.ctx), c.effect); !q.Allowed {
			return output{}, &limited{q}
		}
	}
	if rt.Turns != nil {
		leave, err := rt.Turns.Enter(c.bounded, PrincipalOf(c.ctx))
		if err != nil {
			return output{}, err
		}
		defer leave()
	}
	if rt.Audit != nil {
		started := c.entry
		started.Time, started.Outcome = c.start, OutcomeStarted
		if err := rt.Audit.Before(c.bounded, started); err != nil {
			return output{}, fmt.Errorf("record the call before it acts: %w", err)
		}
	}
	return safely(c.bounded, c.tool, raw)
}

// finish records and logs how a call ended.
func (rt Runtime) finish(c running, f *Failure, err error) {
	took, outcome := time.Since(c.start), "ok"
	if f != nil {
		outcome = f.Code
	}
	if rt.Audit != nil {
		e := c.entry
		e.Time, e.Outcome, e.Duration, e.Objects = c.start, outcome, took, c.touched.list()
		if f != nil {
			e.Ref = f.Ref
		}
		rt.Audit.After(context.WithoutCancel(c.ctx), e)
	}
	if rt.Called != nil {
		rt.Called(c.ctx, c.tool.Spec.Name, outcome)
	}
	if f == nil {
		rt.log().LogAttrs(c.ctx, slog.LevelInfo, "tool call", slog.String("tool", c.tool.Spec.Name),
			slog.String("outcome", outcome), slog.Duration("duration", took))
		return
	}
	rt.logFailure(c.ctx, c.tool, *f, err, took)
}

// safely turns a panic of the handler into an error.
func safely(ctx context.Context, t Tool, raw json.RawMessage) (out output, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{value: p, stack: debug.Stack()}
		}
	}()
	return t.invoke(ctx, raw)
}

type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// logFailure writes the cause only of internal failures: the others may quote
// a caller's arguments.
func (rt Runtime) logFailure(ctx context.Context, t Tool, f Failure, err error, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("tool", t.Spec.Name), slog.String("outcome", f.Code), slog.Duration("duration", took),
	}
	level := slog.LevelInfo
	if f.Code == "internal" {
		level = slog.LevelError
		attrs = append(attrs, slog.String("ref", f.Ref), slog.String("cause", err.Error()))
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	} else if cause := operatorsCause(err); cause != "" {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("cause", cause))
	}
	rt.log().LogAttrs(ctx, level, "tool call", attrs...)
}

// operatorsCause is what an error that the caller can act on has to say to the
// operator alone; mostly nothing.
func operatorsCause(err error) string {
	var telling interface{ LogCause() string }
	if errors.As(err, &telling) {
		return telling.LogCause()
	}
	return ""
}

func (rt Runtime) log() *slog.Logger {
	if rt.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return rt.Log
}
