package telemetry

import (
	"net/url"
	"strings"

	"github.com/getsentry/sentry-go"
)

// event keeps of e what may leave the process: no body, cookie, query or address,
// no name of the machine, of the person only a digest, and no secret anywhere.
func (r *redactor) event(e *sentry.Event) *sentry.Event {
	e.ServerName, e.Modules, e.Breadcrumbs, e.Attachments = "", nil, nil, nil
	e.User = sentry.User{ID: r.text(e.User.ID)}
	e.Message, e.Transaction = r.known(e.Message), r.text(e.Transaction)
	e.Tags = r.tags(e.Tags)
	for name, c := range e.Contexts {
		e.Contexts[name] = r.details(c)
	}
	for i := range e.Exception {
		r.exception(&e.Exception[i])
	}
	for i := range e.Threads {
		strip(e.Threads[i].Stacktrace)
	}
	for i, text := range e.Fingerprint {
		e.Fingerprint[i] = r.known(text)
	}
	for _, s := range e.Spans {
		s.Description, s.Tags, s.Data = r.known(s.Description), r.tags(s.Tags), r.details(s.Data)
	}
	e.Request = r.request(e.Request)
	return e
}

func (r *redactor) exception(x *sentry.Exception) {
	x.Type, x.Value = r.known(x.Type), r.known(x.Value)
	if x.Mechanism != nil {
		x.Mechanism.Data = nil
	}
	strip(x.Stacktrace)
}

// strip takes out of a stack what is not code.
func strip(s *sentry.Stacktrace) {
	if s == nil {
		return
	}
	for i := range s.Frames {
		f := &s.Frames[i]
		f.Vars, f.AbsPath, f.ContextLine, f.PreContext, f.PostContext = nil, "", "", nil, nil
	}
}

// request keeps the method, the address without its query, and a few headers.
func (r *redactor) request(q *sentry.Request) *sentry.Request {
	if q == nil {
		return nil
	}
	clean := &sentry.Request{Method: q.Method, Headers: map[string]string{}}
	if u, err := url.Parse(q.URL); err == nil {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		clean.URL = r.text(u.String())
	}
	for name, v := range q.Headers {
		if reportable(name) {
			clean.Headers[name] = r.text(v)
		}
	}
	return clean
}

// reportable are the headers that help and tell nothing of a person.
func reportable(header string) bool {
	switch strings.ToLower(header) {
	case "content-type", "content-length", "user-agent", "accept", "mcp-protocol-version", "mcp-method":
		return true
	}
	return false
}
