package telemetry

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// routes is a mux as the server has it.
func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mcp", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	mux.HandleFunc("/connect/{ticket}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusBadGateway)
	})
	mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("x") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.Handle("/api/", Route("/api/{tool}", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	return mux
}

func TestRequestsAreNamedByTheirRoute(t *testing.T) {
	for _, c := range []struct {
		name, method, path, span, series string
		status                           codes.Code
	}{
		{"pattern with a method", "POST", "/mcp", "POST /mcp", "http.request.method=POST,http.response.status_code=200,http.route=/mcp", codes.Unset},
		{"value in the path", "GET", "/connect/" + canary + "?code=" + canary, "GET /connect/{ticket}", "http.request.method=GET,http.response.status_code=302,http.route=/connect/{ticket}", codes.Unset},
		{"route given by hand", "GET", "/api/" + canary, "GET /api/{tool}", "http.request.method=GET,http.response.status_code=200,http.route=/api/{tool}", codes.Unset},
		{"no route", "GET", "/" + canary, "GET _other", "http.request.method=GET,http.response.status_code=404,http.route=_other", codes.Unset},
		{"odd method", canary, "/silent", "_OTHER /silent", "http.request.method=_OTHER,http.response.status_code=200,http.route=/silent", codes.Unset},
		{"server's error after an interim answer", "GET", "/broken", "GET /broken", "http.request.method=GET,http.response.status_code=502,http.route=/broken", codes.Error},
		{"panic", "GET", "/panic", "GET /panic", "http.request.method=GET,http.response.status_code=500,http.route=/panic", codes.Error},
		{"answer cut off on purpose", "GET", "/abort", "GET /abort", "http.request.method=GET,http.response.status_code=500,http.route=/abort", codes.Error},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			_ = thrown(func() { serve(r.Middleware(routes()), httptest.NewRequest(c.method, c.path, nil)) })
			s := r.spans.GetSpans()[0]
			if s.Name != c.span || s.Status.Code != c.status || s.SpanKind != trace.SpanKindServer {
				t.Errorf("span = %q, %v, want %q, %v", s.Name, s.Status.Code, c.span, c.status)
			}
			if got := r.series(t, "http.server.request.duration"); got[c.series] != 1 || len(got) != 1 {
				t.Errorf("series = %v, want %q once", got, c.series)
			}
			text := s.Name
			for _, v := range attrs(s) {
				text += " " + v
			}
			clean(t, "span", text)
		})
	}
}

func TestPanicsAreLoggedOnce(t *testing.T) {
	r := newRig(t, nil)
	h := r.Middleware(routes())
	for _, path := range []string{"/panic", "/abort"} {
		if got := thrown(func() { serve(h, httptest.NewRequest("GET", path, nil)) }); got != http.ErrAbortHandler {
			t.Errorf("%s: panics with %v, want http.ErrAbortHandler", path, got)
		}
	}
	lines := r.log.lines(t)
	if len(lines) != 1 || lines[0]["route"] != "/panic" || !strings.Contains(lines[0]["stack"].(string), "http_test.go") {
		t.Errorf("lines = %v, want one of /panic with its stack", lines)
	}
}

func TestRequestsBelongToTheCallersTrace(t *testing.T) {
	for _, collected := range []bool{true, false} {
		var tel *Telemetry
		if collected {
			tel = newRig(t, nil).Telemetry
		} else {
			tel = started(t, Config{})
		}
		var got, bag string
		h := tel.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, bag = TraceID(r.Context()), baggage.FromContext(r.Context()).Member("k").Value()
		}))
		q := httptest.NewRequest("GET", "/", nil)
		q.Header.Set("Traceparent", traceparent)
		q.Header.Set("Baggage", "k=v")
		serve(h, q)
		if got != callerTrace || bag != "v" {
			t.Errorf("collected=%v: trace %q, baggage %q, want %q, v", collected, got, bag, callerTrace)
		}
	}
}

func TestStreamsAreNoSlowRequests(t *testing.T) {
	r := newRig(t, nil)
	open := map[string]float64{}
	mux := http.NewServeMux()
	mux.HandleFunc("/sse", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		_, _ = io.WriteString(w, "data: 1\n\n")
		open = r.series(t, "fluxmcp.open.streams")
	})
	w := serve(r.Middleware(mux), httptest.NewRequest("GET", "/sse", nil))
	if !w.Flushed || w.Body.String() != "data: 1\n\n" {
		t.Errorf("flushed %v, body %q, want the stream unchanged", w.Flushed, w.Body)
	}
	for _, c := range []struct {
		name      string
		got, want map[string]float64
	}{
		{"streams while one is open", open, map[string]float64{"http.route=/sse": 1}},
		{"streams afterwards", r.series(t, "fluxmcp.open.streams"), map[string]float64{"http.route=/sse": 0}},
		{"lengths of streams", r.series(t, "fluxmcp.http.stream.duration"), map[string]float64{"http.route=/sse": 1}},
		{"requests", r.series(t, "http.server.request.duration"), map[string]float64{}},
	} {
		if !maps.Equal(c.got, c.want) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestWritersKeepWhatTheyCan(t *testing.T) {
	srv := httptest.NewServer(newRig(t, nil).Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, flushes := w.(http.Flusher)
		_, hijacks := w.(http.Hijacker)
		_, reads := w.(io.ReaderFrom)
		if !flushes || !hijacks || !reads {
			t.Errorf("flushes %v, hijacks %v, reads %v, want all", flushes, hijacks, reads)
		}
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Errorf("full duplex: %v", err)
		}
	})))
	defer srv.Close()
	res, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

func BenchmarkRequest(b *testing.B) {
	h := started(b, Config{}).Middleware(routes())
	bare := routes()
	q := httptest.NewRequest("POST", "/mcp", nil)
	for name, h := range map[string]http.Handler{"bare": bare, "without a collector": h} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				serve(h, q)
			}
		})
	}
}
