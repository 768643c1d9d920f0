package accounts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// ErrNotConnected is returned by Disconnect where there is no account to
// disconnect, together with *oauth.NotConnected, and by Leaving where the
// account is not being disconnected, or not any more.
var ErrNotConnected = errors.New("there is no such account")

// absent is *oauth.NotConnected and ErrNotConnected in one.
type absent struct{ oauth.NotConnected }

func (e *absent) Unwrap() error        { return &e.NotConnected }
func (e *absent) Is(target error) bool { return target == ErrNotConnected }

// OtherAccount says that the person has another account of the provider
// connected, which only they can say to replace.
type OtherAccount struct{ Was, Is string } // names of the one there and of the new one

// Error names no account: it is asked about, not shown.
func (e *OtherAccount) Error() string { return "another account of this provider is connected" }

// Code is other_account.
func (e *OtherAccount) Code() string { return "other_account" }

// Hint says what to ask.
func (e *OtherAccount) Hint() string {
	return "Ask the person whether the account that is connected should be replaced."
}

// WrongKey says that the keys given are not those that tokens are sealed with.
type WrongKey struct {
	Missing map[int64]int // tokens of each key that is not there
	False   []int64       // keys that do not open what was sealed under their id
}

// Error names the keys by their ids.
func (e *WrongKey) Error() string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(e.Missing)) {
		parts = append(parts, fmt.Sprintf("%d tokens are sealed with key %s, which it does not have", e.Missing[id], vault.KeyName(id)))
	}
	for _, id := range e.False {
		parts = append(parts, "its key "+vault.KeyName(id)+" does not open what was sealed with that key")
	}
	return vault.Setting + " does not fit this database: " + strings.Join(parts, "; ")
}

// Code is vault_wrong_key.
func (e *WrongKey) Code() string { return "vault_wrong_key" }

// Hint says what to add.
func (e *WrongKey) Hint() string {
	if len(e.Missing) == 0 {
		return "Give " + vault.Setting + " the key that this database was used with."
	}
	return "Add the missing key at the end of " + vault.Setting + "; if it is lost, delete the rows of fluxmcp.oauth_accounts and let people connect again."
}

// sqlState is the five characters of PostgreSQL's refusal; empty: it is none.
func sqlState(err error) string {
	var q *store.QueryError
	if errors.As(err, &q) {
		return q.SQLState
	}
	return ""
}
