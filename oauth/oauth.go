// Package oauth speaks OAuth 2.0 with the providers that people have accounts
// at. A provider is data (providers.yaml, and files of the operator); a Client
// sends people to its consent page, exchanges codes, refreshes and revokes
// tokens, and asks whose they are. It knows no storage, no browser and no MCP.
package oauth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// Person is who an account belongs to here: the issuer and subject of their
// token. Email is for people to read.
type Person struct{ Issuer, Subject, Email string }

// Label names the person to people: the address, else the subject.
func (p Person) Label() string {
	if p.Email != "" {
		return p.Email
	}
	return p.Subject
}

// Is reports whether p and q are the same person; the address does not matter.
func (p Person) Is(q Person) bool { return p.Issuer == q.Issuer && p.Subject == q.Subject }

// The kinds of token that one consent gives. Most providers give one, of KindUser.
const (
	KindUser = "user" // acts as the person
	KindBot  = "bot"  // acts as the app, in the person's team
)

// Token is an access token with what keeps it alive.
type Token struct {
	Kind    string    // KindUser or KindBot
	Access  Secret    // never empty
	Refresh Secret    // empty: there is none
	Type    string    // as in the Authorization header; empty: Bearer
	Expires time.Time // of Access; zero: never
	Scopes  []string  // as granted; nil: the provider does not say
}

// Grant is what a consent gave: at least one token, the main one first.
type Grant struct {
	Tokens   []Token
	Metadata map[string]string // what the provider's data says to keep, such as team.id
}

// Identity is the account at the provider that a grant is for.
type Identity struct {
	ID    string // stable there, never empty
	Name  string // for people; falls back to ID
	Email string // may be empty
}

// Secret is a text that no log, error or JSON shows. The zero value is empty.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the text, for the one place that sends or seals it.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == "" }

const redacted = "[redacted]"

// String hides the text.
func (s Secret) String() string { return redacted }

// Format hides the text from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) } // a formatter's writer keeps its own error

// LogValue hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the text.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
