package transport

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

var crossings = flag.Int("crossings", 10_000, "attempts of TestNothingCrosses")

// belongings are what one principal has at the server.
type belongings struct {
	user     string
	session  string // of Streamable HTTP
	endpoint string // of HTTP+SSE
	waiting  string // id of a call in flight in the session
	state    string // between two rounds of a tool
}

// TestNothingCrosses lets principals try each other's belongings at random, in
// every way the transport knows. Whatever they try, they are refused, and in the
// end everybody's own still works.
func TestNothingCrosses(t *testing.T) {
	const users = 6
	r := newRig()
	r.srv.AddTool(mcp.NewTool("stateful", mcp.WithDescription("for tests")), stateful)
	w := r.http(t, func(o *HTTPOptions) { o.SessionKey = []byte("a key that replicas share, 32 bytes.") })
	replica := NewHTTP(r.srv, HTTPOptions{SessionKey: []byte("a key that replicas share, 32 bytes."), Principal: w.h.principal})
	var all []belongings
	for i := range users {
		all = append(all, w.settle(t, r, fmt.Sprintf("user%d", i)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range *crossings {
		from, to := random.IntN(users), random.IntN(users-1)
		if to >= from {
			to++
		}
		thief, victim := all[from], all[to]
		h := w.h
		if random.IntN(2) == 0 {
			h = replica // which has seen none of the sessions
		}
		req, refused := attempt(random, w, thief, victim, fmt.Sprint(n))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if !refused(rec) {
			t.Fatalf("attempt %d: %s got at what is %s's: %s %s\n%d %s", n, thief.user, victim.user, req.Method, req.URL, rec.Code, rec.Body)
		}
	}
	for _, own := range all {
		w.checkOwn(t, r, own)
	}
	for range users {
		r.release <- struct{}{}
	}
	for range users {
		if err := receive(t, r.ended, "the call in flight to end"); err != nil {
			t.Errorf("a call in flight ended with %v, want nil: somebody canceled it", err)
		}
	}
}

// stateful answers with the state it got, or hands one out.
func stateful(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if req.Params.RequestState != "" {
		return mcp.NewToolResultText("state " + req.Params.RequestState), nil
	}
	return server.NewInputRequestBuilder("of "+fmt.Sprint(req.GetArguments()["who"])).Elicit("q", question()).ToolResult(), nil
}

func askState(id, who, state string) string {
	if state != "" {
		state = `,"requestState":"` + state + `","inputResponses":{"q":{"action":"accept","content":{}}}`
	}
	return modern.msg(id, "tools/call", `{"name":"stateful","arguments":{"who":"`+who+`"}`+state+`}`)
}

// settle gives user one of everything.
func (w *wire) settle(t *testing.T, r *rig, user string) belongings {
	t.Helper()
	c := w.as(user).initialize("")
	b := belongings{user: user, session: c.session, waiting: "77"}
	_, b.endpoint = w.as(user).sse(t.Context())
	go func() { // answered when released
		if req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/mcp", strings.NewReader(legacy.call(b.waiting, "wait"))); err == nil {
			req.Header = c.request(t.Context(), http.MethodPost, "/mcp", "").Header
			if res, err := http.DefaultClient.Do(req); err == nil {
				res.Body.Close()
			}
		}
	}()
	receive(t, r.entered, "a call to wait")
	var asked struct{ RequestState string }
	_ = json.Unmarshal(w.as(user).post(askState("1", user, "")).last().Result, &asked)
	if b.state = asked.RequestState; b.state == "" {
		t.Fatalf("%s got no state", user)
	}
	return b
}

// attempt is one way for thief to use what is victim's, and how it must end.
func attempt(random *rand.Rand, w *wire, thief, victim belongings, id string) (*http.Request, func(*httptest.ResponseRecorder) bool) {
	c := w.as(thief.user)
	if random.IntN(10) == 0 {
		c.user = "" // nobody
	}
	c.session = victim.session
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + victim.waiting + `}}`
	reply := `{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}`
	make := func(method, path, body string) *http.Request {
		req := c.request(context.Background(), method, path, body)
		req.RequestURI = ""
		return req
	}
	switch random.IntN(9) {
	case 0:
		return make(http.MethodPost, "/mcp", legacy.call(id, "echo")), notFoundAnswer
	case 1:
		return make(http.MethodGet, "/mcp", ""), notFoundAnswer
	case 2:
		return make(http.MethodDelete, "/mcp", ""), notFoundAnswer
	case 3:
		return make(http.MethodPost, "/mcp", cancel), notFoundAnswer
	case 4:
		return make(http.MethodPost, "/mcp", reply), notFoundAnswer
	case 5: // its own session, the other's request id: accepted, and without effect
		c.user, c.session = thief.user, ""
		return make(http.MethodPost, "/mcp", cancel), func(rec *httptest.ResponseRecorder) bool { return rec.Code == http.StatusAccepted }
	case 6:
		return make(http.MethodPost, victim.endpoint, legacy.call(id, "echo")), notFoundAnswer
	case 7:
		c.session = ""
		return make(http.MethodPost, "/mcp", askState(id, victim.user, victim.state)), stateRefused
	default: // the state with something of the thief's own in it
		c.session = ""
		mixed := thief.state[:len(thief.state)/2] + victim.state[len(victim.state)/2:]
		return make(http.MethodPost, "/mcp", askState(id, victim.user, mixed)), stateRefused
	}
}

func notFoundAnswer(rec *httptest.ResponseRecorder) bool { return rec.Code == http.StatusNotFound }

func stateRefused(rec *httptest.ResponseRecorder) bool {
	return rec.Code == http.StatusBadRequest && strings.Contains(rec.Body.String(), `"code":-32602`) && !strings.Contains(rec.Body.String(), "state of")
}

// checkOwn uses everything of own as its owner.
func (w *wire) checkOwn(t *testing.T, _ *rig, own belongings) {
	t.Helper()
	c := w.as(own.user)
	if g := c.post(askState("9", own.user, own.state)); !strings.Contains(g.raw, "state of "+own.user) {
		t.Errorf("%s's own state: got %d %s", own.user, g.status, g.raw)
	}
	if g := c.postSSE(own.endpoint, legacy.call("2", "echo")); g.status != http.StatusAccepted {
		t.Errorf("%s's own SSE: got %d %s", own.user, g.status, g.raw)
	}
	c.session = own.session
	if g := c.post(legacy.call("3", "echo")); g.status != http.StatusOK {
		t.Errorf("%s's own session: got %d %s", own.user, g.status, g.raw)
	}
}

func TestStateIsForTheSameRequest(t *testing.T) {
	r := newRig()
	r.srv.AddTool(mcp.NewTool("stateful", mcp.WithDescription("for tests")), stateful)
	r.srv.AddTool(mcp.NewTool("other", mcp.WithDescription("for tests")), stateful)
	w := r.http(t, nil).as("alice")
	var asked struct{ RequestState string }
	_ = json.Unmarshal(w.post(askState("1", "me", "")).last().Result, &asked)
	if strings.Contains(asked.RequestState, "of me") {
		t.Errorf("the state can be read: %s", asked.RequestState)
	}
	again := askState("2", "me", asked.RequestState)
	for _, c := range []struct {
		name, body string
		served     bool
	}{
		{"the same request", again, true},
		{"another tool", strings.Replace(again, `"name":"stateful"`, `"name":"other"`, 1), false},
		{"other arguments", strings.Replace(again, `"who":"me"`, `"who":"you"`, 1), false},
		{"something added to the state", strings.Replace(again, asked.RequestState, asked.RequestState+"A", 1), false},
	} {
		if g := w.post(c.body); strings.Contains(g.raw, "state of me") != c.served {
			t.Errorf("%s: got %d %s, want served=%v", c.name, g.status, g.raw, c.served)
		}
	}
}
