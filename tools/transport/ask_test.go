package transport

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const form = `{"elicitation":{}}`

// Trap 6. mcp-go asks a client that cannot answer, and waits for ever.
func TestOlderClientThatCannotAnswerIsToldAtOnce(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	incapable := r.http(t, nil).initialize("")
	jsonOnly := r.http(t, nil).initialize(form)
	jsonOnly.header.Set("Accept", "application/json")
	urlOnly := r.http(t, nil).initialize(`{"elicitation":{"url":{}}}`)
	stream, endpoint := w.sse(t.Context())
	p := r.stdio(t, nil)
	tests := []struct {
		name string
		call func(string) reply1
	}{
		{"HTTP without a session", func(m string) reply1 { return w.post(m).last() }},
		{"HTTP session without the capability", func(m string) reply1 { return incapable.post(m).last() }},
		{"HTTP session that takes JSON alone", func(m string) reply1 { return jsonOnly.post(m).last() }},
		{"HTTP session that opens URLs but shows no forms", func(m string) reply1 { return urlOnly.post(m).last() }},
		{"HTTP+SSE without the capability", func(m string) reply1 { w.postSSE(endpoint, m); return stream.msg() }},
		{"stdio without the capability", func(m string) reply1 { return p.send(m).next() }},
	}
	for _, tt := range tests {
		for _, tool := range []string{"ask", "round"} {
			t.Run(tt.name+", "+tool, func(t *testing.T) {
				m := tt.call(legacy.call("1", tool))
				if !strings.Contains(string(m.Result), "client_cannot_answer") || !strings.Contains(string(m.Result), `"isError":true`) {
					t.Errorf("got %s, want an error result that says so", m.raw)
				}
				if strings.Contains(m.raw, "hunter2") {
					t.Errorf("got %s, which has what wrapped the error", m.raw)
				}
			})
		}
	}
}

func TestQuestionsReachOlderClients(t *testing.T) {
	r := newRig()
	p := r.stdio(t, nil)
	p.send(initialize(form)).next()
	w := r.http(t, nil).initialize(form)
	sse := r.http(t, nil)
	stream, endpoint := sse.sse(t.Context())
	sse.postSSE(endpoint, initialize(form))
	stream.msg()
	tests := []struct {
		name string
		call func(t *testing.T, tool string) (question reply1, answer func(string) reply1)
	}{
		{"stdio", func(_ *testing.T, tool string) (reply1, func(string) reply1) {
			return p.send(legacy.call("1", tool)).next(), func(a string) reply1 { return p.send(a).next() }
		}},
		{"HTTP+SSE", func(_ *testing.T, tool string) (reply1, func(string) reply1) {
			sse.postSSE(endpoint, legacy.call("1", tool))
			return stream.msg(), func(a string) reply1 { sse.postSSE(endpoint, a); return stream.msg() }
		}},
		{"HTTP session, on the stream of the call", func(t *testing.T, tool string) (reply1, func(string) reply1) {
			e := w.stream(t.Context(), w.request(t.Context(), http.MethodPost, "/mcp", legacy.call("1", tool)))
			return e.msg(), func(a string) reply1 { w.post(a); return e.msg() }
		}},
	}
	for _, tt := range tests {
		for _, tool := range []string{"ask", "round"} {
			t.Run(tt.name+", "+tool, func(t *testing.T) {
				q, answer := tt.call(t, tool)
				if q.Method != "elicitation/create" {
					t.Fatalf("got %s, want the question", q.raw)
				}
				m := answer(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":"accept","content":{}}}`, q.ID))
				if !strings.Contains(string(m.Result), "answered accept") {
					t.Errorf("got %s, want the tool's answer", m.raw)
				}
			})
		}
	}
}

// A reply is taken from the session that was asked, and from no other.
func TestForeignReplyIsDropped(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	victim := w.as("alice").initialize(form)
	stream := victim.stream(t.Context(), victim.request(t.Context(), http.MethodPost, "/mcp", legacy.call("1", "ask")))
	q := stream.msg()
	reply := func(action string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":%q}}`, q.ID, action)
	}
	for _, other := range []*wire{w.as("mallory"), w.as("mallory").initialize(form), w.as("alice").initialize(form)} {
		other.post(reply("decline"))
	}
	victim.post(reply("accept"))
	if m := stream.msg(); !strings.Contains(m.raw, "answered accept") {
		t.Errorf("got %s, want the answer of the client that was asked", m.raw)
	}
}

func TestQuestionIsWithdrawnWhenTheCallEnds(t *testing.T) {
	r := newRig()
	p := r.stdio(t, nil)
	p.send(initialize(form)).next()
	q := p.send(legacy.call("7", "ask")).next()
	p.send(legacy.msg("", "notifications/cancelled", `{"requestId":7}`))
	if m := p.next(); m.Method != "notifications/cancelled" || !strings.Contains(string(m.Params), `"requestId":`+string(q.ID)) {
		t.Errorf("got %s, want the question %s withdrawn", m.raw, q.ID)
	}
}

// 2026-07-28 gets the question as a result, whatever the session is.
func TestQuestionsAreResultsFrom2026(t *testing.T) {
	r := newRig()
	if m := r.http(t, nil).post(modern.call("1", "round")).last(); !strings.Contains(m.raw, `"resultType":"input_required"`) {
		t.Errorf("HTTP: got %s, want input_required", m.raw)
	}
	if m := r.stdio(t, nil).send(modern.call("1", "round")).next(); !strings.Contains(m.raw, `"resultType":"input_required"`) {
		t.Errorf("stdio: got %s, want input_required", m.raw)
	}
}

func TestAnswerOfAnotherShapeFailsTheCall(t *testing.T) {
	for _, reply := range []string{`"result":5`, `"error":{"code":-1,"message":"hunter2"}`} {
		t.Run(reply, func(t *testing.T) {
			r := newRig()
			p := r.stdio(t, nil)
			p.send(initialize(form)).next()
			q := p.send(legacy.call("1", "ask")).next()
			checkReference(t, r, p.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, q.ID, reply)).next())
		})
	}
}

func TestNotifyWithoutAClientFails(t *testing.T) {
	if err := Notify(context.Background(), "notifications/progress", nil); err == nil {
		t.Error("Notify outside of a request: got nil, want an error")
	}
}
