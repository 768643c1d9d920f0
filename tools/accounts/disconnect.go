package accounts

import (
	"context"
	"errors"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/tools"
)

var disconnectSpec = tools.Spec{
	Name:      "disconnect_account",
	Title:     "Disconnect an account",
	Effect:    tools.Destructive,
	OpenWorld: true,
	Description: "Disconnect the person's account at a provider: tools cannot use it from this moment, its tokens are revoked there and deleted here. " +
		"Only on the person's own wish. Call connect_account to connect it again.",
}

type disconnectArgs struct {
	Provider string `json:"provider" jsonschema:"such as figma, slack or github"`
}

type disconnectResult struct {
	Provider string `json:"provider"`
	Account  string `json:"account,omitempty" jsonschema:"who it was at the provider"`
	ByHand   string `json:"by_hand,omitempty" jsonschema:"where the person removes the app, since the provider cannot be told"`
	Next     string `json:"next" jsonschema:"what is left to do"`

	title string
}

// disconnect answers the disconnect_account tool.
// Errors: *unknownProvider, *oauth.NotConnected, those of the desk.
func (h handlers) disconnect(ctx context.Context, in disconnectArgs) (disconnectResult, error) {
	in.Provider = strings.ToLower(strings.TrimSpace(in.Provider))
	a, err := h.find(ctx, in.Provider)
	if err != nil {
		return disconnectResult{}, err
	}
	tools.Touch(ctx, "account:"+a.Provider)
	gone, err := h.desk.Disconnect(ctx, tools.PrincipalOf(ctx), a.Provider)
	if err != nil {
		return disconnectResult{}, nothingToDo(err)
	}
	out := disconnectResult{title: a.Title, Provider: a.Provider, Account: gone.Name, ByHand: gone.ByHand}
	out.Next = "Nothing is left to do: " + a.Title + " is told to revoke the tokens."
	if gone.ByHand != "" {
		out.Next = "Tell the person to remove the app at " + gone.ByHand + ": " + a.Title + " cannot be told."
	}
	return out, nil
}

// nothingToDo tells an account that is not connected apart from one that is
// wanted: nobody should be sent to connect it.
func nothingToDo(err error) error {
	var none *oauth.NotConnected
	if errors.As(err, &none) {
		return &notThere{none}
	}
	return err
}

// notThere says that there is nothing to disconnect.
type notThere struct{ none *oauth.NotConnected }

// Error names the provider.
func (e *notThere) Error() string { return e.none.Error() }

// Code is nothing_to_disconnect.
func (e *notThere) Code() string { return "nothing_to_disconnect" }

// Hint says how to see what is connected.
func (e *notThere) Hint() string { return "Call list_accounts to see what is connected." }

// Text is what to tell the person.
func (r disconnectResult) Text() string {
	text := r.title + " is disconnected"
	if r.Account != "" {
		text += " (" + r.Account + ")"
	}
	return text + ". " + r.Next
}
