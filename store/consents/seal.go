package consents

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// heldText is a consent.Held as it is sealed.
type heldText struct {
	Tokens          []tokenText       `json:"tokens"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	ID, Name, Email string
}

type tokenText struct {
	Kind, Access, Refresh, Type string
	Expires                     time.Time
	Scopes                      []string
}

func place(id, column string) vault.Place {
	return vault.Place{Table: "oauth_state_tokens", Row: id, Column: column, Version: 1}
}

// seal returns what is kept of s's secrets; nil where there is none.
func (c *Consents) seal(s consent.State) (verifier, grant []byte, err error) {
	if !s.Verifier.IsZero() {
		verifier = c.vault.Seal([]byte(s.Verifier.Reveal()), place(s.ID, "code_verifier"))
	}
	if s.Held == nil {
		return verifier, nil, nil
	}
	plain, err := json.Marshal(textOf(*s.Held))
	if err != nil {
		return nil, nil, fmt.Errorf("write the grant as JSON: %w", err)
	}
	return verifier, c.vault.Seal(plain, place(s.ID, "pending_grant")), nil
}

// open adds to s what is sealed in its row.
func (c *Consents) open(r stateRow, s *consent.State) error {
	if len(r.Verifier) > 0 {
		plain, err := c.vault.Open(r.Verifier, place(r.ID, "code_verifier"))
		if err != nil {
			return err
		}
		s.Verifier = oauth.NewSecret(string(plain))
	}
	if len(r.Grant) == 0 {
		return nil
	}
	plain, err := c.vault.Open(r.Grant, place(r.ID, "pending_grant"))
	if err != nil {
		return err
	}
	var text heldText
	if err := json.Unmarshal(plain, &text); err != nil {
		return fmt.Errorf("read the grant: %w", err)
	}
	s.Held = text.held()
	return nil
}

func textOf(h consent.Held) heldText {
	text := heldText{Metadata: h.Grant.Metadata, ID: h.Identity.ID, Name: h.Identity.Name, Email: h.Identity.Email}
	for _, t := range h.Grant.Tokens {
		text.Tokens = append(text.Tokens, tokenText{t.Kind, t.Access.Reveal(), t.Refresh.Reveal(), t.Type, t.Expires, t.Scopes})
	}
	return text
}

func (text heldText) held() *consent.Held {
	h := &consent.Held{
		Grant:    oauth.Grant{Metadata: text.Metadata},
		Identity: oauth.Identity{ID: text.ID, Name: text.Name, Email: text.Email},
	}
	for _, t := range text.Tokens {
		h.Grant.Tokens = append(h.Grant.Tokens, oauth.Token{
			Kind: t.Kind, Access: oauth.NewSecret(t.Access), Refresh: oauth.NewSecret(t.Refresh), Type: t.Type, Expires: t.Expires, Scopes: t.Scopes,
		})
	}
	return h
}
