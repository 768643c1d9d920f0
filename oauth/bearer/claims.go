package bearer

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxText = 255          // bytes of a claim that names something; RFC 9068 and OIDC allow sub no more
	maxTime = 253402300799 // the last second of the year 9999
)

// payload is a JSON object of a token. Names count as written: "Sub" is not sub.
type payload map[string]any

// read gives the claims of a token whose signature is verified.
func (p payload) read(issuer string) (Claims, error) {
	c := Claims{Issuer: issuer}
	steps := []func(payload, *Claims) error{readType, readSubject, readNames, readRoles, readScopes, readExpires}
	for _, step := range steps {
		if err := step(p, &c); err != nil {
			return Claims{}, err
		}
	}
	return c, nil
}

// readType tells an access token from FluxStudio's others; a missing type is no
// sign of one.
func readType(p payload, _ *Claims) error {
	if v, ok := p["type"]; ok && v != "access" {
		return &Rejected{ReasonWrongType}
	}
	return nil
}

// readSubject takes sub, or id as FluxStudio has it. Two that differ are an
// attempt to be two users at once.
func readSubject(p payload, c *Claims) error {
	sub, err := p.identity("sub", false)
	if err != nil {
		return err
	}
	id, err := p.identity("id", true)
	if err != nil {
		return err
	}
	switch {
	case sub == "" && id == "":
		return &Rejected{ReasonNoSubject}
	case sub != "" && id != "" && sub != id:
		return &Rejected{ReasonMalformed}
	}
	c.Subject = cmp.Or(sub, id)
	return nil
}

// identity is "" where name is missing, and never where it is present.
func (p payload) identity(name string, number bool) (string, error) {
	v, ok := p[name]
	if !ok {
		return "", nil
	}
	if n, isNumber := v.(json.Number); isNumber && number && isDecimal(n.String()) {
		v = n.String()
	}
	s, ok := v.(string)
	if !ok || !plain(s) {
		return "", &Rejected{ReasonMalformed}
	}
	if s == "" {
		return "", &Rejected{ReasonNoSubject}
	}
	return s, nil
}

func isDecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func readNames(p payload, c *Claims) (err error) {
	if c.Email, err = p.text("email"); err != nil {
		return err
	}
	if c.ID, err = p.text("jti"); err != nil {
		return err
	}
	if c.ClientID, err = p.text("client_id"); err != nil || c.ClientID != "" {
		return err
	}
	c.ClientID, err = p.text("azp")
	return err
}

// readRoles collects the three claims that FluxStudio's versions have put roles
// in. Only roles is a list: splitting role would make "not admin" an admin.
func readRoles(p payload, c *Claims) error {
	for _, from := range []struct{ name, separators string }{{"roles", ", "}, {"role", ""}, {"userType", ""}} {
		words, err := p.words(from.name, from.separators)
		if err != nil {
			return err
		}
		for _, w := range words {
			if !slices.Contains(c.Roles, w) {
				c.Roles = append(c.Roles, w)
			}
		}
	}
	return nil
}

// readScopes takes scope (RFC 8693 section 4.2), or scp as Microsoft and Okta
// have it.
func readScopes(p payload, c *Claims) (err error) {
	_, scope := p["scope"]
	_, scp := p["scp"]
	c.Scoped = scope || scp
	name := "scp"
	if scope {
		name = "scope"
	}
	c.Scopes, err = p.words(name, " ")
	return err
}

func readExpires(p payload, c *Claims) error {
	exp, _, err := p.time("exp")
	c.Expires = exp
	return err
}

// issuer is "" where the token names none.
func (p payload) issuer() (string, error) {
	iss, err := p.text("iss")
	if err == nil && !wellFormedIssuer(iss) {
		return "", &Rejected{ReasonMalformed}
	}
	return iss, err
}

// wellFormedIssuer refuses | too: callers are named issuer|subject, and a part
// of one must not pass for a part of the other.
func wellFormedIssuer(s string) bool { return plain(s) && !strings.Contains(s, "|") }

// text is a claim that names something; null and missing are "".
func (p payload) text(name string) (string, error) {
	switch v := p[name].(type) {
	case nil:
		return "", nil
	case string:
		if plain(v) {
			return v, nil
		}
	}
	return "", &Rejected{ReasonMalformed}
}

// plain also refuses U+FFFD, to which encoding/json turns half a surrogate pair:
// two names that differ there would become one.
func plain(s string) bool {
	return len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) })
}

// words is a claim of several, as an array or one string with separators; without
// those the string is one word.
func (p payload) words(name, separators string) ([]string, error) {
	switch v := p[name].(type) {
	case nil:
		return nil, nil
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(separators, r) }), nil
	case []any:
		return texts(v)
	default:
		return nil, &Rejected{ReasonMalformed}
	}
}

// texts leaves out empty strings.
func texts(list []any) ([]string, error) {
	var all []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, &Rejected{ReasonMalformed}
		}
		if s != "" {
			all = append(all, s)
		}
	}
	return all, nil
}

// time is a claim in seconds since 1970, which may have a fraction.
func (p payload) time(name string) (at time.Time, present bool, err error) {
	v, ok := p[name]
	if !ok {
		return time.Time{}, false, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false, &Rejected{ReasonMalformed}
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || f < 0 || f > maxTime {
		return time.Time{}, false, &Rejected{ReasonMalformed}
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
}

// checkTimes holds the token against the clock.
func (v *Verifier) checkTimes(p payload) error {
	now := time.Now()
	for _, name := range []string{"nbf", "iat"} {
		from, _, err := p.time(name)
		if err != nil {
			return err
		}
		if from.After(now.Add(v.leeway)) {
			return &Rejected{ReasonNotYetValid}
		}
	}
	expires, present, err := p.time("exp")
	switch {
	case err != nil:
		return err
	case !present:
		return &Rejected{ReasonNoExpiry}
	case !v.inTime(expires):
		return &Rejected{ReasonExpired}
	}
	return nil
}
