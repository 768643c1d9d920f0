package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/getsentry/sentry-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// visit is what is known of a request while it is served. Only the goroutine that
// serves it writes to it.
type visit struct {
	method  string
	route   string // given by Route; else that of the mux
	headers map[string]string
	began   time.Time
	status  int
	stream  bool // the answer is a stream of events
}

type visitKey struct{}

// Middleware reads the trace that a request belongs to, makes a span of it, and
// measures it. Spans and labels hold the route, never the path: tickets are in
// paths. Answers that are streams of events are not measured as requests, where
// they would look slow: they are counted while they are open, and their length is
// fluxmcp.http.stream.duration.
//
// A handler's panic is logged, with its stack and without its request's content;
// the connection is then closed.
func (t *Telemetry) Middleware(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{method: httpMethod(r.Method), began: time.Now()}
		if t.sentry != nil {
			v.headers = reportables(r.Header)
		}
		ctx := t.propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx = context.WithValue(ctx, visitKey{}, v)
		ctx, span := t.tracer.Start(ctx, v.method, trace.WithSpanKind(trace.SpanKindServer))
		r = r.WithContext(ctx)
		defer t.left(v, r, span)
		next.ServeHTTP(httpsnoop.Wrap(w, t.hooks(v, r, w.Header())), r)
	})
}

// Route names the route of what next serves, for handlers whose mux is not the
// outermost one. pattern must be one of few, such as /connect/{ticket}.
func Route(pattern string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := r.Context().Value(visitKey{}).(*visit); ok {
			v.route = pattern
		}
		next.ServeHTTP(w, r)
	})
}

func reportables(h http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range h {
		if reportable(name) && len(values) > 0 {
			kept[name] = values[0]
		}
	}
	return kept
}

// requestOf is what a report tells of the request of ctx; nil outside of one.
func requestOf(ctx context.Context) *sentry.Request {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return nil
	}
	return &sentry.Request{Method: v.method, Headers: v.headers}
}

// hooks note how a request is answered, at the first byte of the answer.
func (t *Telemetry) hooks(v *visit, r *http.Request, h http.Header) httpsnoop.Hooks {
	answered := func(status int) { t.answered(v, r, h, status) }
	return httpsnoop.Hooks{
		WriteHeader: func(next httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(status int) { answered(status); next(status) }
		},
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(b []byte) (int, error) { answered(http.StatusOK); return next(b) }
		},
		ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(from io.Reader) (int64, error) { answered(http.StatusOK); return next(from) }
		},
		Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() { answered(http.StatusOK); next() }
		},
	}
}

// answered notes the first status that is final, and whether a stream follows.
func (t *Telemetry) answered(v *visit, r *http.Request, h http.Header, status int) {
	if v.status != 0 || status < http.StatusOK {
		return
	}
	v.status = status
	if strings.HasPrefix(h.Get("Content-Type"), "text/event-stream") {
		v.stream = true
		t.metrics.streams.Add(r.Context(), 1, metric.WithAttributes(t.route(v, r)))
	}
}

// route is the pattern that r was routed by, without its method.
func (t *Telemetry) route(v *visit, r *http.Request) attribute.KeyValue {
	pattern := v.route
	if pattern == "" {
		_, path, found := strings.Cut(r.Pattern, " ")
		if pattern = path; !found {
			pattern = r.Pattern
		}
	}
	return attribute.String("http.route", t.metrics.labels.route.name(pattern))
}

// left ends the visit. It must be deferred itself: it recovers.
func (t *Telemetry) left(v *visit, r *http.Request, span trace.Span) {
	thrown := recover()
	route := t.route(v, r)
	if thrown != nil && v.status == 0 {
		v.status = http.StatusInternalServerError
	}
	if v.status == 0 {
		v.status = http.StatusOK // as net/http has it
	}
	t.measured(r.Context(), v, route)
	ended(v, span, route, thrown != nil)
	if thrown == nil {
		return
	}
	if thrown != http.ErrAbortHandler {
		t.log.LogAttrs(r.Context(), slog.LevelError, "http handler panicked", slog.String("method", v.method),
			slog.String("route", route.Value.AsString()), slog.String("error", fmt.Sprint(thrown)), slog.String("stack", string(debug.Stack())))
	}
	panic(http.ErrAbortHandler) // net/http would print the value of another one, secrets included
}

func (t *Telemetry) measured(ctx context.Context, v *visit, route attribute.KeyValue) {
	took, m := time.Since(v.began).Seconds(), t.metrics
	if v.stream {
		m.streams.Add(ctx, -1, metric.WithAttributes(route))
		m.stream.Record(ctx, took, metric.WithAttributes(route))
		return
	}
	m.request.Record(ctx, took, metric.WithAttributes(
		attribute.String("http.request.method", v.method), route, attribute.Int("http.response.status_code", v.status)))
}

// ended completes the span by the names of the conventions.
// Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
func ended(v *visit, span trace.Span, route attribute.KeyValue, thrown bool) {
	if span.IsRecording() {
		span.SetName(v.method + " " + route.Value.AsString())
		span.SetAttributes(attribute.String("http.request.method", v.method), route, attribute.Int("http.response.status_code", v.status))
	}
	if thrown || v.status >= http.StatusInternalServerError {
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(v.status)))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
