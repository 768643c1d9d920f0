package accounts

import (
	"context"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

var connectSpec = tools.Spec{
	Name:   "connect_account",
	Title:  "Connect an account",
	Effect: tools.Overwrites,
	Description: "Give the person the page where they connect their account at a provider, in two clicks. " +
		"Nothing changes until they allow it there; the link is good for 15 minutes. " +
		"Set reconnect to change the account, or scopes for further permissions. Call list_accounts to see what is connected.",
}

type connectArgs struct {
	Provider  string   `json:"provider" jsonschema:"such as figma, slack or github; list_accounts has them all"`
	Reconnect bool     `json:"reconnect,omitempty" jsonschema:"make the page although the account is connected"`
	Scopes    []string `json:"scopes,omitempty" jsonschema:"permissions to ask for beside the usual ones, by the provider's names, such as im:history"`
}

type connectResult struct {
	Provider  string `json:"provider"`
	Connected bool   `json:"connected" jsonschema:"true: nothing is left to do"`
	Account   string `json:"account,omitempty" jsonschema:"who it is at the provider"`
	URL       string `json:"connect_url,omitempty" jsonschema:"the page to open"`
	Code      string `json:"connect_code,omitempty" jsonschema:"that the page asks for"`
	Expires   string `json:"expires_at,omitempty"`
	Next      string `json:"next" jsonschema:"what to do now"`

	visit *tools.Visit
	title string
}

// connect answers the connect_account tool.
// Errors: *unknownProvider, those of the desk.
func (h handlers) connect(ctx context.Context, in connectArgs) (connectResult, error) {
	in.Provider = strings.ToLower(strings.TrimSpace(in.Provider))
	a, err := h.find(ctx, in.Provider)
	if err != nil {
		return connectResult{}, err
	}
	out := connectResult{Provider: a.Provider, title: a.Title}
	if a.Status == Connected && !in.Reconnect && len(in.Scopes) == 0 || tools.Returned(ctx) {
		out.Connected, out.Account = a.Status == Connected, a.label()
		out.Next = "Call the tools of " + a.Title + "."
		if !out.Connected {
			out.Next = "Call connect_account again for a new link."
		}
		return out, nil
	}
	v, err := h.desk.Connect(ctx, tools.PrincipalOf(ctx), a.Provider, in.Scopes)
	if err != nil {
		return connectResult{}, err
	}
	tools.Touch(ctx, "account:"+a.Provider)
	out.URL, out.Code, out.Expires, out.visit = v.URL, v.Code, when(v.Expires), &v
	out.Next = "Give the person this link. When they have connected, go on with what they asked for."
	if v.Code != "" {
		out.Next = "Give the person this link and the code. When they have connected, go on with what they asked for."
	}
	return out, nil
}

// Visit is the page to open; nil where nothing is left to do.
func (r connectResult) Visit() *tools.Visit { return r.visit }

// Text is what to tell the person.
func (r connectResult) Text() string {
	if r.URL == "" {
		if r.Connected {
			return r.title + " is connected as " + r.Account + ". " + r.Next
		}
		return r.title + " is not connected. " + r.Next
	}
	text := "Open " + r.URL + " to connect " + r.title + ", until " + r.Expires + "."
	if r.Code != "" {
		text += " The page asks for the code " + r.Code + "."
	}
	return text + " " + r.Next
}
