package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

var listSpec = tools.Spec{
	Name:      "list_accounts",
	Title:     "List accounts",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Description: "List the person's accounts at other systems: status, name, permissions and last use. " +
		"Set check to ask each provider whether it still works, link for the page where the person manages them. " +
		"Use connect_account where one is missing.",
}

type listArgs struct {
	Check bool `json:"check,omitempty" jsonschema:"ask each provider whether the account still works"`
	Link  bool `json:"link,omitempty" jsonschema:"also make a link to the page where the person manages their accounts"`
}

type listResult struct {
	Accounts []entry `json:"accounts" jsonschema:"one for each provider, by name"`
	Page     *page   `json:"page,omitempty" jsonschema:"where the person manages their accounts"`
}

type entry struct {
	Provider    string   `json:"provider"`
	Title       string   `json:"title"`
	Connected   bool     `json:"connected" jsonschema:"true where tools can use it now"`
	Status      string   `json:"status" jsonschema:"connected, needs_reconnect, disconnecting or not_connected"`
	Reason      string   `json:"reason,omitempty" jsonschema:"why it must be connected again, or what the check found"`
	Account     string   `json:"account,omitempty" jsonschema:"who it is at the provider"`
	AccountID   string   `json:"account_id,omitempty"`
	Scopes      []string `json:"scopes" jsonschema:"granted, as the provider names them"`
	Permissions []string `json:"permissions" jsonschema:"the same in plain words"`
	ConnectedAt string   `json:"connected_at,omitempty"`
	LastUsedAt  string   `json:"last_used_at,omitempty"`
	Works       *bool    `json:"works,omitempty" jsonschema:"what check found"`
}

type page struct {
	URL     string `json:"url"`
	Code    string `json:"code,omitempty" jsonschema:"that the page asks for"`
	Expires string `json:"expires_at,omitempty"`
}

// list answers the list_accounts tool.
// Errors: those of the desk.
func (h handlers) list(ctx context.Context, in listArgs) (listResult, error) {
	p := tools.PrincipalOf(ctx)
	all, err := h.desk.Accounts(ctx, p)
	if err != nil {
		return listResult{}, err
	}
	out := listResult{Accounts: []entry{}}
	for _, a := range all {
		e := entryOf(a)
		if in.Check && a.Status == Connected {
			h.check(ctx, p, &e)
		}
		out.Accounts = append(out.Accounts, e)
	}
	if in.Link {
		v, err := h.desk.Manage(ctx, p)
		if err != nil {
			return listResult{}, err
		}
		out.Page = &page{URL: v.URL, Code: v.Code, Expires: when(v.Expires)}
	}
	return out, nil
}

func entryOf(a Account) entry {
	return entry{
		Provider: a.Provider, Title: a.Title, Connected: a.Status == Connected, Status: a.Status, Reason: a.Reason,
		Account: a.label(), AccountID: a.ID, Scopes: list(a.Scopes), Permissions: list(a.Permissions),
		ConnectedAt: when(a.ConnectedAt), LastUsedAt: when(a.LastUsedAt),
	}
}

// list is never null in JSON.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// check adds what the provider says. Its failure is an answer.
func (h handlers) check(ctx context.Context, p tools.Principal, e *entry) {
	err := h.desk.Check(ctx, p, e.Provider)
	works := err == nil
	e.Works = &works
	if works {
		return
	}
	e.Reason = "the check failed"
	var told interface {
		error
		Code() string
	}
	if errors.As(err, &told) {
		e.Reason = told.Error()
		if told.Code() == NeedsReconnect {
			e.Status, e.Connected = NeedsReconnect, false
		}
	}
}

// Text is one account a line.
func (r listResult) Text() string {
	var b strings.Builder
	for _, e := range r.Accounts {
		fmt.Fprintf(&b, "%s: %s", e.Title, strings.ReplaceAll(e.Status, "_", " "))
		if e.Account != "" {
			fmt.Fprintf(&b, " as %s", e.Account)
		}
		if e.Works != nil && *e.Works {
			b.WriteString(", works")
		}
		if e.Reason != "" {
			b.WriteString(" (" + e.Reason + ")")
		}
		if len(e.Scopes) > 0 {
			b.WriteString("; may: " + strings.Join(e.Scopes, " "))
		}
		if e.LastUsedAt != "" {
			b.WriteString("; last used " + e.LastUsedAt)
		}
		b.WriteByte('\n')
	}
	if r.Page != nil {
		b.WriteString("The person manages accounts at " + r.Page.URL)
		if r.Page.Code != "" {
			b.WriteString(" with the code " + r.Page.Code)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
