package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime"

	"github.com/getsentry/sentry-go"
)

// newSentry is a client of its own, or nil without a DSN. Its transport queues
// events and drops them when the queue is full; it never waits.
func newSentry(cfg Config, secrets *redactor, c *complaint) (*sentry.Client, error) {
	if cfg.SentryDSN == "" {
		return nil, nil
	}
	release := cfg.Version
	if release == "" {
		release = "unknown" // else the library runs git and reads the environment
	}
	environment := cfg.Environment
	if environment == "" {
		environment = "unknown" // likewise
	}
	send := func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event { return secrets.event(e) }
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: cfg.SentryDSN, Release: release, Environment: environment,
		BeforeSend: send, BeforeSendTransaction: send,
		BeforeBreadcrumb:     func(*sentry.Breadcrumb, *sentry.BreadcrumbHint) *sentry.Breadcrumb { return nil },
		Integrations:         func([]sentry.Integration) []sentry.Integration { return nil }, // they add source lines, modules and the machine
		DisableClientReports: true,
		HTTPClient:           watchedClient(c),
	})
	if err != nil { // its text holds the DSN
		return nil, &SettingError{"SentryDSN", "is not a DSN", "Copy the DSN from the project's client keys in Sentry."}
	}
	return client, nil
}

func watchedClient(c *complaint) *http.Client {
	client := newClient()
	client.Transport = watched{http.DefaultTransport, c}
	return client
}

var errUnsent = errors.New("not all were sent")

// endReports sends what waits and closes client, until ctx ends.
func endReports(ctx context.Context, client *sentry.Client) error {
	var err error
	if !client.FlushWithContext(ctx) {
		err = fmt.Errorf("send reports: %w", cmp.Or(context.Cause(ctx), errUnsent))
	}
	closed := make(chan struct{})
	go func() { // Close waits for the request under way, whatever ctx says
		client.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
	return err
}

// watched tells c of requests that failed, which the library keeps to itself.
type watched struct {
	next      http.RoundTripper
	complaint *complaint
}

// RoundTrip is http.RoundTripper's.
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.next.RoundTrip(r)
	switch {
	case err != nil:
		w.complaint.about(err)
	case res.StatusCode >= http.StatusMultipleChoices:
		w.complaint.about(errors.New(res.Status))
	}
	return res, err
}

// reporter sends lines of errors to Sentry. What it gets has been redacted.
type reporter struct {
	client *sentry.Client
	prefix string      // of the open groups
	attrs  []slog.Attr // with their full names
}

// Enabled reports whether l is an error.
func (*reporter) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// WithAttrs is slog.Handler's.
func (h *reporter) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	more.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], flat(h.prefix, attrs)...)
	return &more
}

// WithGroup is slog.Handler's.
func (h *reporter) WithGroup(name string) slog.Handler {
	opened := *h
	opened.prefix += name + "."
	return &opened
}

// flat gives attributes of groups the names of their groups.
func flat(prefix string, attrs []slog.Attr) []slog.Attr {
	var all []slog.Attr
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindGroup {
			inner := prefix
			if a.Key != "" {
				inner += a.Key + "."
			}
			all = append(all, flat(inner, a.Value.Group())...)
			continue
		}
		a.Key = prefix + a.Key
		all = append(all, a)
	}
	return all
}

// Handle queues a report of r.
func (h *reporter) Handle(ctx context.Context, r slog.Record) error {
	attrs := h.attrs[:len(h.attrs):len(h.attrs)]
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, flat(h.prefix, []slog.Attr{a})...)
		return true
	})
	h.client.CaptureEvent(report(ctx, r, attrs), nil, nil)
	return nil
}

// report is the event of a line. The message is constant in our lines, so that
// Sentry groups by it.
func report(ctx context.Context, r slog.Record, attrs []slog.Attr) *sentry.Event {
	e := sentry.NewEvent()
	e.Level, e.Message, e.Timestamp, e.Logger = sentry.LevelError, r.Message, r.Time, "fluxmcp"
	failure := sentry.Exception{Type: r.Message, Stacktrace: origin(r.PC)}
	details, where := sentry.Context{}, sentry.Context{}
	for _, a := range attrs {
		switch text := a.Value.String(); a.Key {
		case "trace_id", "span_id":
			e.Tags[a.Key], where[a.Key] = text, text
		case "request_id":
			e.Tags[a.Key] = text
		case "principal":
			e.User.ID = text
		case "error", "err":
			failure.Value = text
		default:
			details[a.Key] = text
		}
	}
	e.Exception = []sentry.Exception{failure}
	e.Contexts["log"] = details
	if len(where) > 0 {
		e.Contexts["trace"] = where
	}
	e.Request = requestOf(ctx)
	return e
}

// origin is where a line was written.
func origin(pc uintptr) *sentry.Stacktrace {
	if pc == 0 {
		return nil
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return &sentry.Stacktrace{Frames: []sentry.Frame{{
		Function: frame.Function, Filename: path.Base(frame.File), Lineno: frame.Line, InApp: true,
	}}}
}

// text of anything found in an event.
func (r *redactor) details(from map[string]any) map[string]any {
	clean := make(map[string]any, len(from))
	for name, v := range from {
		clean[r.text(name)] = r.tree(name, generic(v))
	}
	return clean
}

func (r *redactor) tags(from map[string]string) map[string]string {
	clean := make(map[string]string, len(from))
	for name, v := range from {
		clean[r.text(name)] = fmt.Sprint(r.tree(name, v))
	}
	return clean
}
