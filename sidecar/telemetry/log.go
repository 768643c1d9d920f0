package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/fluxstudio/fluxmcp/tools"
)

// principalDigits are enough of a principal's digest to follow one through a log.
const principalDigits = 12

// handler adds who and where a line belongs to, takes secrets out, and hands on.
type handler struct {
	next    slog.Handler
	root    slog.Handler                      // next, without what came since the first group
	since   []func(slog.Handler) slog.Handler // what came since the first group
	hidden  bool                              // a group whose name is a secret's is open
	level   slog.Leveler                      // nil: next decides
	secrets *redactor
}

func newHandler(next slog.Handler, level slog.Leveler, secrets *redactor) *handler {
	return &handler{next: next, root: next, level: level, secrets: secrets}
}

// newLogger is plain, and Sentry beside it where there is one.
func (t *Telemetry) newLogger(plain *slog.Logger) *slog.Logger {
	if t.sentry == nil {
		return plain
	}
	both := slog.NewMultiHandler(leveled{t.cfg.Log, t.cfg.Level}, &reporter{client: t.sentry})
	return slog.New(newHandler(both, nil, t.secrets))
}

// leveled drops lines below a level.
type leveled struct {
	slog.Handler
	level slog.Leveler
}

// Enabled reports whether a line of level l is written.
func (h leveled) Enabled(ctx context.Context, l slog.Level) bool {
	return (h.level == nil || l >= h.level.Level()) && h.Handler.Enabled(ctx, l)
}

// WithAttrs is slog.Handler's.
func (h leveled) WithAttrs(a []slog.Attr) slog.Handler {
	return leveled{h.Handler.WithAttrs(a), h.level}
}

// WithGroup is slog.Handler's.
func (h leveled) WithGroup(name string) slog.Handler {
	return leveled{h.Handler.WithGroup(name), h.level}
}

// Enabled reports whether a line of level l is written.
func (h *handler) Enabled(ctx context.Context, l slog.Level) bool {
	return (h.level == nil || l >= h.level.Level()) && h.next.Enabled(ctx, l)
}

// WithAttrs takes secrets out once, not on each line.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	clean := h.secrets.attrs(attrs)
	if h.hidden {
		clean = hide(attrs)
	}
	return h.with(func(next slog.Handler) slog.Handler { return next.WithAttrs(clean) })
}

// WithGroup opens a group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	opened := *h
	opened.since = append(opened.since[:len(opened.since):len(opened.since)],
		func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
	opened.next = h.next.WithGroup(name)
	opened.hidden = h.hidden || keyKind(name) != keyOpen
	return &opened
}

func (h *handler) with(change func(slog.Handler) slog.Handler) slog.Handler {
	changed := *h
	changed.next = change(h.next)
	if len(h.since) == 0 {
		changed.root = changed.next
	} else {
		changed.since = append(h.since[:len(h.since):len(h.since)], change)
	}
	return &changed
}

// Handle writes r.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	next, ids := h.next, h.identifiers(ctx)
	if len(h.since) > 0 && len(ids) > 0 {
		next = h.beside(ids)
		ids = nil
	}
	return next.Handle(ctx, h.clean(r, ids))
}

// beside is next with ids outside of the open groups, where who reads the log
// looks for them.
func (h *handler) beside(ids []slog.Attr) slog.Handler {
	next := h.root.WithAttrs(ids)
	for _, change := range h.since {
		next = change(next)
	}
	return next
}

// clean is r with ids and without secrets.
func (h *handler) clean(r slog.Record, ids []slog.Attr) slog.Record {
	if h.harmless(r) {
		if len(ids) == 0 {
			return r
		}
		r = r.Clone()
		r.AddAttrs(ids...)
		return r
	}
	fresh := slog.NewRecord(r.Time, r.Level, h.secrets.text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if h.hidden {
			a = slog.String(a.Key, redacted)
		} else {
			a, _ = h.secrets.attr(a)
		}
		fresh.AddAttrs(a)
		return true
	})
	fresh.AddAttrs(ids...)
	return fresh
}

// harmless reports whether r can be handed on as it is.
func (h *handler) harmless(r slog.Record) bool {
	if h.hidden || suspicious(r.Message) {
		return false
	}
	ok := true
	r.Attrs(func(a slog.Attr) bool {
		_, changed := h.secrets.attr(a)
		ok = !changed
		return ok
	})
	return ok
}

func hide(attrs []slog.Attr) []slog.Attr {
	hidden := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		hidden[i] = slog.String(a.Key, redacted)
	}
	return hidden
}

// identifiers are what ctx tells of the request.
func (h *handler) identifiers(ctx context.Context) []slog.Attr {
	ids := make([]slog.Attr, 0, 4)
	if id := tools.RequestOf(ctx).ID; id != "" {
		ids = append(ids, slog.String("request_id", h.secrets.text(id)))
	}
	if digest := principalOf(ctx); digest != "" {
		ids = append(ids, slog.String("principal", digest))
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		ids = append(ids, slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return ids
}

// principalOf names the principal of ctx without telling who it is; empty where
// none is set.
func principalOf(ctx context.Context) string {
	p := tools.PrincipalOf(ctx)
	if p.Issuer == "" && p.Subject == "" {
		return ""
	}
	return p.Key()[:principalDigits]
}
