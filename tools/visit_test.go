package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// missing is the failure that a visit mends.
type missing struct{}

func (missing) Error() string { return "Figma is not connected" }
func (missing) Code() string  { return "not_connected" }
func (missing) Hint() string  { return "Connect it." }

// stillOpen is what Await says of a visit that goes on.
type stillOpen struct{}

func (stillOpen) Error() string { return "the page is still open" }
func (stillOpen) Code() string  { return "not_connected" }
func (stillOpen) Hint() string  { return "Wait." }

// desk connects on Await, unless it is told otherwise.
type desk struct {
	connected bool
	awaited   []string // id and principal
	asked     []string // principal and client
	fails     error
}

func (d *desk) connect(ctx context.Context, err error) *tools.Visit {
	if _, ok := err.(missing); !ok {
		return nil
	}
	d.asked = append(d.asked, tools.PrincipalOf(ctx).Subject+" by "+tools.ClientName(ctx))
	return &tools.Visit{ID: "visit-1", URL: "http://here/connect/T", Code: "ABCD-EFGH", Message: "Figma wants to know.", Expires: time.Unix(1e9, 0)}
}

func (d *desk) await(ctx context.Context, id string) error {
	d.awaited = append(d.awaited, id+" "+tools.PrincipalOf(ctx).Subject)
	d.connected = d.fails == nil
	return d.fails
}

// serveVisits serves a tool that needs a visit, over HTTP.
func serveVisits(t *testing.T, d *desk) string {
	t.Helper()
	s := transport.NewServer(transport.Info{Name: "t", Version: "1"}, nil)
	rt := tools.Runtime{Connect: d.connect, Await: d.await}
	rt.Add(s, tools.New(echoSpec, func(_ context.Context, in echoArgs) (echoResult, error) {
		if !d.connected {
			return echoResult{}, missing{}
		}
		return echoResult{Said: []string{in.Text}}, nil
	}))
	h := transport.NewHTTP(s, transport.HTTPOptions{Principal: func(r *http.Request) string { return tools.PrincipalOf(r.Context()).Key() }})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("X-Who")
		h.ServeHTTP(w, r.WithContext(tools.WithPrincipal(r.Context(), tools.Principal{Issuer: "i", Subject: who})))
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/mcp"
}

// rpc is an answer as the tests look at it.
type rpc struct {
	Result struct {
		Type    string          `json:"resultType"`
		IsError bool            `json:"isError"`
		State   string          `json:"requestState"`
		Inputs  json.RawMessage `json:"inputRequests"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"result"`
	Error *struct {
		Code int             `json:"code"`
		Data json.RawMessage `json:"data"`
	} `json:"error"`
}

func (a rpc) text() string {
	if len(a.Result.Content) == 0 {
		return ""
	}
	return a.Result.Content[0].Text
}

// post sends one message and returns the answer and the session id.
func post(t *testing.T, url, who, session, body string, modern bool) (rpc, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("X-Who", who)
	if session != "" {
		req.Header.Set("Mcp-Session-Id", session)
	}
	if modern {
		req.Header.Set("MCP-Protocol-Version", "2026-07-28")
		req.Header.Set("Mcp-Method", "tools/call")
		req.Header.Set("Mcp-Name", "echo")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, after, found := bytes.Cut(text, []byte("data: ")); found {
		text, _, _ = bytes.Cut(after, []byte("\n"))
	}
	var a rpc
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%d %s: %v", res.StatusCode, text, err)
	}
	return a, res.Header.Get("Mcp-Session-Id")
}

// call20260728 is a tools/call of that revision, with more members of params.
func call20260728(caps, more string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi","times":1}` + more +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","title":"Client C","version":"1"},"io.modelcontextprotocol/clientCapabilities":` + caps + `}}}`
}

const opens = `{"elicitation":{"url":{}}}`

func TestVisitOfA20260728Client(t *testing.T) {
	d := &desk{}
	url := serveVisits(t, d)
	a, _ := post(t, url, "alice", "", call20260728(opens, ""), true)
	if a.Result.Type != "input_required" || a.Result.State == "" || !strings.Contains(string(a.Result.Inputs), `"url":"http://here/connect/T"`) {
		t.Fatalf("got %+v, want a question with the page", a)
	}
	if !strings.Contains(string(a.Result.Inputs), `"mode":"url"`) || strings.Contains(string(a.Result.Inputs), "elicitationId") || !strings.Contains(string(a.Result.Inputs), "ABCD-EFGH") {
		t.Errorf("got question %s, want one of mode url with the code and without elicitationId", a.Result.Inputs)
	}
	if want := "alice by Client C"; d.asked[0] != want {
		t.Errorf("the page was made for %q, want %q", d.asked[0], want)
	}
	accepted := `,"requestState":"` + a.Result.State + `","inputResponses":{"connect":{"action":"accept"}}`
	foreign, _ := post(t, url, "mallory", "", call20260728(opens, accepted), true)
	if len(d.awaited) != 0 || foreign.Error == nil {
		t.Errorf("another's state was taken: awaited %v, got %+v", d.awaited, foreign)
	}
	declined, _ := post(t, url, "alice", "", call20260728(opens, strings.Replace(accepted, "accept", "decline", 1)), true)
	if !strings.Contains(declined.text(), "connection_declined") || len(d.awaited) != 0 {
		t.Errorf("got %+v, want that the person declined", declined)
	}
	d.fails = stillOpen{}
	pending, _ := post(t, url, "alice", "", call20260728(opens, accepted), true)
	if !strings.Contains(pending.text(), "still open") || pending.Result.Type == "input_required" {
		t.Errorf("got %+v, want that the page is still open, without a second question", pending)
	}
	d.fails = nil
	done, _ := post(t, url, "alice", "", call20260728(opens, accepted), true)
	if done.Result.IsError || done.text() != "hi" {
		t.Errorf("got %+v, want the call's own answer", done)
	}
	if want := "visit-1 alice"; d.awaited[len(d.awaited)-1] != want {
		t.Errorf("awaited %v, want %q", d.awaited, want)
	}
}

func TestVisitOfOtherClients(t *testing.T) {
	call := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`
	for _, c := range []struct {
		name, caps string
		code       int // of the JSON-RPC error; 0: a result with the link
	}{
		{"a 2025-11-25 client that opens pages gets -32042", opens, -32042},
		{"one that has forms alone gets the link", `{"elicitation":{}}`, 0},
		{"one without elicitation gets the link", `{}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serveVisits(t, &desk{})
			_, session := post(t, url, "alice", "", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"},"capabilities":`+c.caps+`}}`, false)
			a, _ := post(t, url, "alice", session, call, false)
			if c.code != 0 {
				if a.Error == nil || a.Error.Code != c.code || !strings.Contains(string(a.Error.Data), `"elicitationId":"visit-1"`) || !strings.Contains(string(a.Error.Data), "/connect/T") {
					t.Errorf("got %+v, want the error %d with the page and its id", a, c.code)
				}
				return
			}
			for _, want := range []string{`"code":"not_connected"`, "Figma is not connected: open http://here/connect/T", `"connect_url":"http://here/connect/T"`, `"connect_code":"ABCD-EFGH"`, `"expires_at":"2001-09-09T01:46:40Z"`, "the code ABCD-EFGH"} {
				if !a.Result.IsError || !strings.Contains(a.text(), want) {
					t.Errorf("got %s, want %s in a failure", a.text(), want)
				}
			}
		})
	}
	t.Run("a 2026-07-28 client without elicitation gets the link", func(t *testing.T) {
		a, _ := post(t, serveVisits(t, &desk{}), "alice", "", call20260728(`{}`, ""), true)
		if !a.Result.IsError || !strings.Contains(a.text(), "open http://here/connect/T") {
			t.Errorf("got %+v, want the link", a)
		}
	})
}
