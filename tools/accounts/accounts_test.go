package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/tools"
)

// fakeDesk has two providers and records what it is asked.
type fakeDesk struct {
	accounts []Account
	asked    []string
	fails    error
	check    error
	leave    error // of Disconnect
	gone     Gone
}

func (f *fakeDesk) note(p tools.Principal, what string) error {
	f.asked = append(f.asked, p.Subject+" "+what)
	return f.fails
}

func (f *fakeDesk) Accounts(_ context.Context, p tools.Principal) ([]Account, error) {
	return f.accounts, f.note(p, "accounts")
}

func (f *fakeDesk) Connect(_ context.Context, p tools.Principal, provider string, further []string) (tools.Visit, error) {
	return tools.Visit{ID: "v", URL: "http://here/connect/T", Code: "ABCD-EFGH", Expires: time.Unix(1e9, 0)}, f.note(p, strings.Join(append([]string{"connect", provider}, further...), " "))
}

func (f *fakeDesk) Disconnect(_ context.Context, p tools.Principal, provider string) (Gone, error) {
	return f.gone, errors.Join(f.note(p, "disconnect "+provider), f.leave)
}

func (f *fakeDesk) Check(_ context.Context, p tools.Principal, provider string) error {
	_ = f.note(p, "check "+provider) // the answer is check's own
	return f.check
}

func (f *fakeDesk) Manage(_ context.Context, p tools.Principal) (tools.Visit, error) {
	return tools.Visit{URL: "http://here/connect/M", Expires: time.Unix(1e9, 0)}, f.note(p, "manage")
}

func connectedFigma() []Account {
	return []Account{
		{Provider: "figma", Title: "Figma", Status: Connected, ID: "77", Name: "Ann", Email: "ann@example.com", Scopes: []string{"a"}, Permissions: []string{"See a"}, ConnectedAt: time.Unix(1e9, 0)},
		{Provider: "slack", Title: "Slack", Status: NotConnected},
	}
}

func call(t *testing.T, f *fakeDesk, name, args string) tools.Answer {
	t.Helper()
	ctx := tools.WithPrincipal(t.Context(), tools.Principal{Issuer: "i", Subject: "alice"})
	for _, tool := range New(f, []string{"figma", "slack"}).Tools {
		if tool.Spec.Name == name {
			return tools.Runtime{}.Call(ctx, tool, json.RawMessage(args))
		}
	}
	t.Fatalf("there is no tool %s", name)
	return tools.Answer{}
}

// again is how a check fails.
type again struct{}

func (again) Error() string { return "Figma must be connected again" }
func (again) Code() string  { return "needs_reconnect" }

func TestTools(t *testing.T) {
	for _, c := range []struct {
		name, tool, args string
		desk             fakeDesk
		want             []string // of text, JSON and failure
		asked            string
		visit            bool
	}{
		{"the list has every provider", "list_accounts", `{}`, fakeDesk{accounts: connectedFigma()},
			[]string{"Figma: connected as Ann (ann@example.com); may: a\nSlack: not connected", `"permissions":["See a"]`, `"connected_at":"2001-09-09T01:46:40Z"`, `"scopes":[]`}, "alice accounts", false},
		{"a check that fails is an answer", "list_accounts", `{"check":true}`, fakeDesk{accounts: connectedFigma(), check: again{}},
			[]string{`"works":false`, `"status":"needs_reconnect"`, `"connected":false`, "Figma must be connected again"}, "alice accounts, alice check figma", false},
		{"a check whose cause nobody may see", "list_accounts", `{"check":true}`, fakeDesk{accounts: connectedFigma(), check: errors.New("dial 10.0.0.1")},
			[]string{`"works":false`, "the check failed"}, "alice accounts, alice check figma", false},
		{"the page where the person manages them", "list_accounts", `{"link":true}`, fakeDesk{accounts: connectedFigma()},
			[]string{"http://here/connect/M"}, "alice accounts, alice manage", false},
		{"a link to connect", "connect_account", `{"provider":" Slack"}`, fakeDesk{accounts: connectedFigma()},
			[]string{"Open http://here/connect/T to connect Slack, until 2001-09-09T01:46:40Z. The page asks for the code ABCD-EFGH.", `"connected":false`}, "alice accounts, alice connect slack", true},
		{"what is connected needs no link", "connect_account", `{"provider":"figma"}`, fakeDesk{accounts: connectedFigma()},
			[]string{"Figma is connected as Ann (ann@example.com)", `"connected":true`}, "alice accounts", false},
		{"unless the person wants another account", "connect_account", `{"provider":"figma","reconnect":true}`, fakeDesk{accounts: connectedFigma()},
			[]string{"http://here/connect/T"}, "alice accounts, alice connect figma", true},
		{"or further permissions", "connect_account", `{"provider":"figma","scopes":["projects:read"]}`, fakeDesk{accounts: connectedFigma()},
			[]string{"http://here/connect/T"}, "alice accounts, alice connect figma projects:read", true},
		{"a provider that is not offered", "connect_account", `{"provider":"figmma"}`, fakeDesk{},
			[]string{"unknown_provider", "Did you mean figma? Choose from figma, slack."}, "", false},
		{"disconnecting says what is left by hand", "disconnect_account", `{"provider":"figma"}`, fakeDesk{accounts: connectedFigma(), gone: Gone{Name: "Ann", ByHand: "https://figma.example/settings"}},
			[]string{"Figma is disconnected (Ann)", "remove the app at https://figma.example/settings"}, "alice accounts, alice disconnect figma", false},
		{"or that nothing is", "disconnect_account", `{"provider":"figma"}`, fakeDesk{accounts: connectedFigma(), gone: Gone{Name: "Ann"}},
			[]string{"Nothing is left to do"}, "alice accounts, alice disconnect figma", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(t, &c.desk, c.tool, c.args)
			got := a.Text + string(a.Structured)
			if a.Failure != nil {
				got = a.Failure.JSON()
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %s, want %s in it", got, want)
				}
			}
			if asked := strings.Join(c.desk.asked, ", "); asked != c.asked {
				t.Errorf("asked %q, want %q", asked, c.asked)
			}
			if (a.Visit != nil) != c.visit {
				t.Errorf("got visit %+v, want one: %v", a.Visit, c.visit)
			}
		})
	}
}

func TestNothingToDisconnectSendsNobodyToConnect(t *testing.T) {
	a := call(t, &fakeDesk{leave: &oauth.NotConnected{Provider: "slack", Title: "Slack"}}, "disconnect_account", `{"provider":"slack"}`)
	if a.Failure == nil || a.Failure.Code != "nothing_to_disconnect" || strings.Contains(a.Failure.Hint, "connect_account") {
		t.Errorf("got %+v, want nothing_to_disconnect", a.Failure)
	}
}
