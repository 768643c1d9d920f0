// Package accounts is the toolset of a person's accounts at other systems:
// list, connect and disconnect them. It knows neither OAuth nor a provider by
// name, and sees no token.
package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// The states of an Account.
const (
	Connected      = "connected"
	NeedsReconnect = "needs_reconnect"
	Disconnecting  = "disconnecting"
	NotConnected   = "not_connected"
)

// Account is a person's account at one provider, connected or not.
type Account struct {
	Provider, Title string
	Status          string // Connected, NeedsReconnect, Disconnecting or NotConnected
	Reason          string // why it needs to be connected again, for people; may be empty
	ID, Name, Email string // at the provider; empty where not connected
	Scopes          []string
	Permissions     []string  // Scopes in plain words
	ConnectedAt     time.Time // zero: not connected
	LastUsedAt      time.Time // zero: never
}

// Gone is what became of an account that was disconnected.
type Gone struct {
	Name   string // at the provider
	ByHand string // URL where the person removes the app; empty: the provider is told
}

// Desk does what the tools are about. All errors may have Code() and Hint().
// It is safe for concurrent use.
type Desk interface {
	// Accounts lists those of p at all providers, connected or not, by provider.
	Accounts(ctx context.Context, p tools.Principal) ([]Account, error)
	// Connect makes the page where p connects an account, again where there is
	// one, with further scopes than by default; unknown ones are a bad_argument.
	Connect(ctx context.Context, p tools.Principal, provider string, further []string) (tools.Visit, error)
	// Disconnect makes the account unusable at once.
	Disconnect(ctx context.Context, p tools.Principal, provider string) (Gone, error)
	// Check asks the provider whether the account still works.
	Check(ctx context.Context, p tools.Principal, provider string) error
	// Manage makes the page where p sees all accounts.
	Manage(ctx context.Context, p tools.Principal) (tools.Visit, error)
}

type handlers struct {
	desk      Desk
	providers []string
}

// New makes the toolset for the named providers.
func New(desk Desk, providers []string) tools.Toolset {
	h := handlers{desk: desk, providers: providers}
	return tools.Toolset{Name: "accounts", Tools: []tools.Tool{
		tools.New(listSpec, h.list),
		tools.New(connectSpec, h.connect),
		tools.New(disconnectSpec, h.disconnect),
	}}
}

// known refuses a provider that is not offered here.
func (h handlers) known(provider string) error {
	for _, name := range h.providers {
		if name == provider {
			return nil
		}
	}
	return &unknownProvider{provider, h.providers}
}

// unknownProvider says which providers there are.
type unknownProvider struct {
	name  string
	known []string
}

// Error names the argument.
func (e *unknownProvider) Error() string {
	return fmt.Sprintf("provider %q is not offered here", e.name)
}

// Code is unknown_provider.
func (e *unknownProvider) Code() string { return "unknown_provider" }

// Hint lists what may be asked for.
func (e *unknownProvider) Hint() string {
	if near := tools.Nearest(e.name, e.known); near != "" {
		return "Did you mean " + near + "? Choose from " + strings.Join(e.known, ", ") + "."
	}
	return "Choose provider from " + strings.Join(e.known, ", ") + "."
}

// find is the caller's account at provider.
func (h handlers) find(ctx context.Context, provider string) (Account, error) {
	if err := h.known(provider); err != nil {
		return Account{}, err
	}
	all, err := h.desk.Accounts(ctx, tools.PrincipalOf(ctx))
	if err != nil {
		return Account{}, err
	}
	for _, a := range all {
		if a.Provider == provider {
			return a, nil
		}
	}
	return Account{Provider: provider, Title: provider, Status: NotConnected}, nil
}

// label is who an account is, for people.
func (a Account) label() string {
	switch {
	case a.Name != "" && a.Email != "" && a.Name != a.Email:
		return a.Name + " (" + a.Email + ")"
	case a.Name != "":
		return a.Name
	case a.Email != "":
		return a.Email
	default:
		return a.ID
	}
}

// when is a time as JSON shows it; empty for the zero time.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
