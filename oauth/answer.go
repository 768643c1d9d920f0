package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxAnswer = 1 << 20  // bytes
	maxToken  = 16 << 10 // bytes; headers of this size are taken by the common servers
	maxText   = 255      // bytes of an id, a name or metadata
)

var errTooLarge = errors.New("an answer of more than 1 MiB")

// answer is what a provider said.
type answer struct {
	status int
	header http.Header
	fields map[string]any // nil: no JSON object; numbers are json.Number, so that long ids stay exact
}

func readAnswer(r *http.Response) (answer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		return answer{}, err
	}
	if len(body) > maxAnswer {
		return answer{}, errTooLarge
	}
	return answer{r.StatusCode, r.Header, parseObject(body)}, nil
}

// parseObject gives nil for all that is not one JSON object.
func parseObject(body []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var fields map[string]any
	if d.Decode(&fields) != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return fields
}

func (a answer) good() bool { return a.status >= 200 && a.status <= 299 }

// object is the one at p; nil: there is none.
func (a answer) object(p path) map[string]any {
	at := a.fields
	if p == "" || p == "." {
		return at
	}
	for name := range strings.SplitSeq(string(p), ".") {
		at, _ = at[name].(map[string]any)
	}
	return at
}

// value is that at p; nil: there is none.
func (a answer) value(p path) any {
	parent, name := path("."), string(p)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		parent, name = p[:i], name[i+1:]
	}
	return a.object(parent)[name]
}

// text is a string, number or boolean at p as it is written; empty: there is none.
func (a answer) text(p path) string { return written(a.value(p)) }

func written(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

// noToken is what is wrong where there is no access token.
const noToken = "no_access_token"

// token is the one in an object; wrong is a reason where there is none.
func (a answer) token(at place, where path, received time.Time, life time.Duration) (t Token, wrong string) {
	o := a.object(where)
	access, _ := o["access_token"].(string)
	if access == "" {
		return Token{}, noToken
	}
	refresh, _ := o["refresh_token"].(string)
	expires, ok := expiry(o["expires_in"], received, life)
	switch {
	case !sendable(access) || refresh != "" && !sendable(refresh):
		return Token{}, "token_unusable"
	case !typed(written(o["token_type"]), at.Type):
		return Token{}, "token_type_unknown"
	case !ok:
		return Token{}, "expires_in_unusable"
	}
	return Token{Kind: string(at.Kind), Access: NewSecret(access), Refresh: NewSecret(refresh), Expires: expires}, ""
}

// typed reports whether a token of a type goes into a header as a bearer token.
func typed(got, wanted string) bool {
	return got == "" || strings.EqualFold(got, "bearer") || wanted != "" && got == wanted
}

// expiry is when a token ends; ok: it can be told. Many providers send null or 0
// for never, some the number as a string.
func expiry(v any, received time.Time, life time.Duration) (t time.Time, ok bool) {
	const decade = 10 * 365 * 24 * 60 * 60
	text := written(v)
	seconds, err := strconv.ParseInt(text, 10, 64)
	switch {
	case v != nil && text != "" && (err != nil || seconds < 0 || seconds > decade):
		return t, false
	case seconds > 0:
		return received.Add(time.Duration(seconds) * time.Second), true
	case life > 0:
		return received.Add(life), true
	}
	return t, true
}

// sendable reports whether a token can go into a header.
func sendable(token string) bool {
	return len(token) <= maxToken && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// shown is a text of the provider as people may see it: without control
// characters, and cut.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
