package bearer

import (
	"net/url"
	"strings"
)

// checkAudience finds one of ours among the token's audiences (RFC 7519 section
// 4.1.3: a string or an array of them).
func (v *Verifier) checkAudience(p payload) error {
	list, ok := p["aud"].([]any)
	if s, one := p["aud"].(string); one {
		list, ok = []any{s}, true
	}
	if !ok {
		if p["aud"] == nil {
			return &Rejected{ReasonAudience}
		}
		return &Rejected{ReasonMalformed}
	}
	names, err := texts(list)
	if err != nil {
		return err
	}
	for _, n := range names {
		if v.audiences[canonical(n)] {
			return nil
		}
	}
	return &Rejected{ReasonAudience}
}

// canonical makes two spellings of one URL equal: scheme and host in lower case,
// one slash at the end left out. Other names stay as they are.
//
// It cuts the text instead of printing the parsed URL, which would also make
// equal what differs in its escapes.
func canonical(name string) string {
	u, err := url.Parse(name)
	scheme, rest, ok := strings.Cut(name, "://")
	if err != nil || !ok || u.Host == "" || u.User != nil {
		return name
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	return strings.ToLower(scheme) + "://" + strings.ToLower(rest[:end]) + trimSlash(rest[end:])
}

func canonicalSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[canonical(n)] = true
	}
	return set
}

func trimSlash(s string) string { return strings.TrimSuffix(s, "/") }
