package accounts

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Longest texts that are kept, in bytes. What is longer is cut, except what
// tells one account from another.
const (
	maxID     = 512 // an index entry must hold it
	maxName   = 256
	maxReason = 128
	maxMeta   = 1024
	maxScopes = 200
)

// cleaned returns n with texts that PostgreSQL can store: a provider may send
// anything. Tokens are not touched; they are stored as bytes.
func cleaned(n NewAccount) NewAccount {
	n.Identity.Name, n.Identity.Email = clean(n.Identity.Name, maxName), clean(n.Identity.Email, maxName)
	if n.Identity.Name == "" {
		n.Identity.Name = clean(n.Identity.ID, maxName)
	}
	n.Person.Email, n.Client = clean(n.Person.Email, maxName), clean(n.Client, maxName)
	n.Scopes = cleanAll(n.Scopes)
	meta := map[string]string{}
	for k, v := range n.Grant.Metadata {
		meta[clean(k, maxName)] = clean(v, maxMeta)
	}
	n.Grant.Metadata = meta
	n.Grant.Tokens = slices.Clone(n.Grant.Tokens)
	for i := range n.Grant.Tokens {
		t := &n.Grant.Tokens[i]
		t.Type, t.Scopes = clean(t.Type, maxName), cleanAll(t.Scopes)
	}
	return n
}

func cleanAll(list []string) []string {
	if list == nil {
		return nil
	}
	list = slices.Clone(list[:min(len(list), maxScopes)])
	for i, s := range list {
		list[i] = clean(s, maxName)
	}
	return list
}

// clean makes s valid UTF-8 without NUL, of at most limit bytes.
func clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= limit {
		return s
	}
	cut := limit - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// check refuses what no provider's client would give.
func (n NewAccount) check() error {
	kinds := map[string]bool{}
	for _, t := range n.Grant.Tokens {
		if t.Access.IsZero() || t.Kind == "" || kinds[t.Kind] {
			return errors.New("a grant must have one access token of each kind")
		}
		kinds[t.Kind] = true
	}
	switch id := n.Identity.ID; {
	case len(kinds) == 0:
		return errors.New("a grant must have a token")
	case id == "" || len(id) > maxID || clean(id, maxID) != id:
		return errors.New("the identity at the provider is empty, too long or no text")
	}
	return nil
}

// granted are the permissions as the tokens have them, else as asked for.
func (n NewAccount) granted() []string {
	list, told := []string{}, false
	for _, t := range n.Grant.Tokens {
		told = told || t.Scopes != nil
		list = append(list, t.Scopes...)
	}
	if !told {
		list = append(list, n.Scopes...)
	}
	return unique(list)
}

// unique drops what was there before, and keeps the order.
func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		before := seen[s]
		seen[s] = true
		return before
	})
}

// renewed returns t with texts that can be stored.
func renewed(t oauth.Token) (oauth.Token, error) {
	if t.Access.IsZero() {
		return t, errors.New("the renewed token is empty")
	}
	t.Type, t.Scopes = clean(t.Type, maxName), cleanAll(t.Scopes)
	return t, nil
}
