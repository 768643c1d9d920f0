package tools

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Visit is a page that a person has to open before a call can do its work, such
// as the consent to use their account.
type Visit struct {
	ID      string // public name, for Runtime.Await
	URL     string // of the page
	Code    string // that the page asks for; empty: none
	Message string // for the person: why, in one sentence without the link
	Expires time.Time
}

// Visitor is a result whose purpose is a visit. A client that can open pages
// gets the page in place of the result; nil: the result stands.
type Visitor interface{ Visit() *Visit }

// told adds the page to a failure, for clients that cannot open it themselves.
func (v *Visit) told(f Failure) Failure {
	f.Message += ": open " + v.URL
	f.Hint = "Give the person this link; call again when they have connected."
	if v.Code != "" {
		f.Hint = "Give the person this link and the code " + v.Code + "; call again when they have connected."
	}
	f.ConnectURL, f.ConnectCode, f.ConnectExpires = v.URL, v.Code, v.Expires.UTC().Format(time.RFC3339)
	return f
}

// visitLimit bounds the making of a page.
const visitLimit = 5 * time.Second

// visitFor makes the page that mends err, where there is one.
func (rt Runtime) visitFor(ctx context.Context, err error) *Visit {
	if rt.Connect == nil || err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	return rt.Connect(ctx, err)
}

// visitKey names the one question in a multi round-trip answer.
const visitKey = "connect"

// ClientName is what the client of ctx calls itself; empty where it does not say.
func ClientName(ctx context.Context) string {
	s, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if !ok {
		return ""
	}
	info := s.GetClientInfo()
	if info.Title != "" {
		return info.Title
	}
	return info.Name
}

// opensPages reports whether the client of ctx declared that it opens URLs.
// Source: https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation
func opensPages(ctx context.Context) bool {
	s, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if !ok {
		return false
	}
	e := s.GetClientCapabilities().Elicitation
	return e != nil && e.URL != nil
}

// refer answers a call with the page: as a question of a 2026-07-28 request, to
// which the client comes back, and as the error -32042 before.
func refer(ctx context.Context, v *Visit) (*mcp.CallToolResult, error) {
	p := mcp.ElicitationParams{Mode: mcp.ElicitationModeURL, Message: v.Message, URL: v.URL}
	if v.Code != "" {
		p.Message += " The page asks for this code: " + v.Code
	}
	if server.IsModernRequest(ctx) {
		return server.NewInputRequestBuilder(v.ID).Elicit(visitKey, p).ToolResult(), nil
	}
	p.ElicitationID = v.ID
	return nil, mcp.URLElicitationRequiredError{Elicitations: []mcp.ElicitationParams{p}}
}

// visited waits for the visit that an earlier round of req asked for, and
// returns the context to go on with, or the failure that ends the call.
func (rt Runtime) visited(ctx context.Context, req mcp.CallToolRequest) (context.Context, *Failure) {
	reply := server.ElicitationResponse(req.Params.InputResponses, visitKey)
	if reply == nil || req.Params.RequestState == "" || rt.Await == nil {
		return ctx, nil
	}
	if reply.Action != mcp.ElicitationResponseActionAccept {
		return ctx, &Failure{
			Code: "connection_declined", Message: "the person did not want to open the page",
			Hint: "Go on without this account, and ask before you try again.",
		}
	}
	if err := rt.await(ctx, req.Params.RequestState); err != nil {
		f := failureOf(ctx, err)
		return ctx, &f
	}
	return context.WithValue(ctx, returnedKey{}, true), nil
}

// await takes one of the caller's places meanwhile.
func (rt Runtime) await(ctx context.Context, id string) error {
	if rt.Turns != nil {
		leave, err := rt.Turns.Enter(ctx, PrincipalOf(ctx))
		if err != nil {
			return err
		}
		defer leave()
	}
	return rt.Await(ctx, id)
}

type returnedKey struct{}

// Returned reports whether the call of ctx comes back from a visit that it asked
// for, and that led to what it was for.
func Returned(ctx context.Context) bool { return ctx.Value(returnedKey{}) != nil }
