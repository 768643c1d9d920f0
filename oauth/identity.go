package oauth

import (
	"cmp"
	"context"
	"net/http"
	"strings"
)

// Identity asks the provider whose account g is for, with g's main token. A
// grant without metadata, as of a stored token, is told apart by the call alone.
func (c *Client) Identity(ctx context.Context, g Grant) (Identity, error) {
	const op = "ask whose account it is"
	data := c.provider.data.Identity
	var got answer
	if data.URL != "" {
		var err error
		if got, err = c.whose(ctx, g, op); err != nil {
			return Identity{}, err
		}
	}
	id := fill(data.ID, got, g)
	if id == "" || id != shown(id) {
		return Identity{}, c.malformed(op, "no_account_id")
	}
	name := cmp.Or(shown(fill(data.Name, got, g)), id)
	return Identity{ID: id, Name: name, Email: address(fill(data.Email, got, g))}, nil
}

func (c *Client) whose(ctx context.Context, g Grant, op string) (answer, error) {
	if len(g.Tokens) == 0 {
		return answer{}, c.malformed(op, noToken)
	}
	data := c.provider.data.Identity
	r, err := http.NewRequest(cmp.Or(string(data.Method), http.MethodGet), c.provider.endpoint(data.URL, c.credentials.ID), nil)
	if err != nil {
		return answer{}, c.malformed(op, "bad_url")
	}
	g.Tokens[0].authorize(r)
	got, err := c.send(ctx, r, op)
	if err != nil {
		return answer{}, err
	}
	if failed := c.failure(got, call{op: op, bearer: true, secrets: []string{g.Tokens[0].Access.Reveal()}}); failed != nil {
		return answer{}, failed
	}
	if got.fields == nil {
		return answer{}, c.malformed(op, "not_json")
	}
	return got, nil
}

// authorize puts the token into a request.
func (t Token) authorize(r *http.Request) {
	r.Header.Set("Authorization", cmp.Or(t.Type, "Bearer")+" "+t.Access.Reveal())
}

// fill gives the first template whose placeholders all have a value.
func fill(templates []template, a answer, g Grant) string {
	for _, t := range templates {
		whole := true
		text := placeholder.ReplaceAllStringFunc(string(t), func(in string) string {
			name := strings.Trim(in, "{}")
			value := a.text(path(name))
			if kept, ok := strings.CutPrefix(name, "grant:"); ok {
				value = g.Metadata[kept]
			}
			whole = whole && value != ""
			return value
		})
		if whole {
			return text
		}
	}
	return ""
}

// address is an email address that can be shown whole; else there is none.
func address(text string) string {
	if text != shown(text) || !strings.Contains(text, "@") {
		return ""
	}
	return text
}
