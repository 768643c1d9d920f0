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
}

// Runtime is what surrounds every call of every tool.
type Runtime struct {
	Log *slog.Logger

	// Notify sends a notification to the client that made the call of ctx.
	// Nil: progress is dropped.
	Notify func(ctx context.Context, method string, params map[string]any) error

	// Fail makes the JSON-RPC error of a request that is no tool call; uri is
	// the resource asked for, or empty. Nil: the transport's own error.
	Fail func(ctx context.Context, uri string, f Failure) error
}

// Call decodes raw, runs the tool within its deadline, logs one line and
// returns the answer. It never panics and never returns an error of Go.
func (rt Runtime) Call(ctx context.Context, t Tool, raw json.RawMessage) Answer {
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, t.Spec.timeout())
	defer cancel()
	out, err := safely(bounded, t, raw)
	if err == nil {
		rt.log().LogAttrs(ctx, slog.LevelInfo, "tool call", slog.String("tool", t.Spec.Name),
			slog.String("outcome", "ok"), slog.Duration("duration", time.Since(start)))
		return Answer{Text: out.text, Structured: out.structured, Content: out.content}
	}
	f := failureOf(bounded, err)
	rt.logFailure(ctx, t, f, err, time.Since(start))
	return Answer{Failure: &f}
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
