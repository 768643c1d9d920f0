package telemetry

import (
	"regexp"
	"strings"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// redactor takes secrets out of what leaves the process. It is the second net:
// secrets have types that do not print, and this catches what came in another
// way, such as inside the error of a library. Safe for concurrent use.
type redactor struct {
	literals *strings.Replacer // the secrets of Config, as they are
}

func newRedactor(cfg Config) *redactor {
	var pairs []string
	for _, v := range cfg.OTLPHeaders {
		if v != "" {
			pairs = append(pairs, v, redacted)
		}
	}
	if cfg.SentryDSN != "" {
		pairs = append(pairs, cfg.SentryDSN, redacted)
	}
	return &redactor{literals: strings.NewReplacer(pairs...)}
}

// known is s without secrets, those of Config included.
func (r *redactor) known(s string) string { return r.text(r.literals.Replace(s)) }

// rule finds secrets of one shape; with is what replaces them.
type rule struct {
	shape *regexp.Regexp
	with  string
}

// secretValue is what may stand after the name of a secret: a text in quotes of
// any kind, a list, an object, or a word. All of them may be cut off, as those who
// quote an answer in an error do.
const secretValue = `(?:"(?:[^"\\]|\\(?s:.))*(?:"|\\?$)|\\+"[^"]*(?:"|$)|'(?:[^'\\]|\\(?s:.))*(?:'|\\?$)` +
	`|(?:\[\]string\{|\[)[^\]}]*(?:[\]}]|$)|\{[^}]*(?:\}|$)|[^\s"'\\&,;})\]]+)`

// rules are applied in order. suspicious must report true for every text that one
// of them changes; FuzzRedact holds the two together.
// Sources of the prefixes: https://docs.slack.dev/authentication/tokens,
// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/,
// https://developers.figma.com/docs/rest-api/authentication/,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
var rules = []rule{
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), redacted},
	{regexp.MustCompile(`eyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*){0,3}`), redacted},
	{regexp.MustCompile(`(?:xox[a-eprs]|xapp)-[\w.-]{4,}`), redacted},
	{regexp.MustCompile(`(?:gh[opusr]|github_pat|fig[a-z])_[\w.-]{4,}`), redacted},
	{regexp.MustCompile(`sk-ant-[\w-]{4,}|\bsk-[\w-]{20,}`), redacted},
	{regexp.MustCompile(`(?:AKIA|ASIA)[A-Z0-9]{12,}`), redacted},
	{regexp.MustCompile(`((?i:postgres(?:ql)?|rediss?|amqps?|mongodb(?:\+srv)?|mysql)://[^\s/:@]*):[^\s"'` + "`" + `]+@`), "${1}:" + redacted + "@"},
	{regexp.MustCompile(`(://[^\s/:@?#]*):[^\s/@?#]+@`), "${1}:" + redacted + "@"},
	{regexp.MustCompile(`((?i:https?)://)[^\s/:@?#]+@`), "${1}" + redacted + "@"},
	{regexp.MustCompile(`(?i)(authorization\\*"?\s?[:=]\s*\[?\\*"?(?:[a-z]+ +)?)[^\s"\\,;\]]+`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)(cookie\\*"?\s?[:=]\s*\[?)(?:"(?:[^"\\]|\\(?s:.))*(?:"|\\?$)|\\+"[^"]*(?:"|$)|[^"\\\r\n\]][^\r\n\]]*)`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)(bearer +)[a-z0-9._~+/=-]{6,}`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)((?:token|secret|passw(?:or)?d|passphrase|(?:api|private|secret|signing|session|access|master|encryption)[_-]?key|code_verifier|dsn)(?:[ \t]*=[ \t]*|\\*"\s*:\s*|:))` + secretValue), "${1}" + redacted},
	{regexp.MustCompile(`(?i)((?:passw(?:or)?d|\bx-[a-z-]*(?:token|secret|key)):[ \t]+)` + secretValue), "${1}" + redacted},
	{regexp.MustCompile(`(?i)(password )'(?:[^']|'')*(?:'|$)`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)((?:token|secret|passw(?:or)?d|key)s\\*"\s*:\s*)\[[^\]]*(?:\]|$)`), "${1}" + redacted},
	{regexp.MustCompile(`(hooks\.slack\.com/)[^\s"'\\]+`), "${1}" + redacted},
	{regexp.MustCompile(`([?&](?i:code|state|ticket|sig|signature|key|x-amz-signature|x-amz-credential)=)[^\s&"'#]+`), "${1}" + redacted},
}

// text is s without secrets.
func (r *redactor) text(s string) string {
	if !suspicious(s) {
		return s
	}
	return scrubbed(s)
}

func scrubbed(s string) string {
	for _, rule := range rules {
		s = rule.shape.ReplaceAllString(s, rule.with)
	}
	return s
}

// suspicious tells quickly whether a rule may find something in s. It looks only
// around characters that are rare in log lines and part of each shape.
func suspicious(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '-', '_', 'J', 'A', ' ', '@', '=', ':', '/':
			if suspect(s, i) {
				return true
			}
		}
	}
	return false
}

// suspect looks at what stands before the character at i.
func suspect(s string, i int) bool {
	before := s[:i]
	switch s[i] {
	case 'J':
		return strings.HasSuffix(before, "ey")
	case 'A':
		return strings.HasSuffix(before, "AKI") || strings.HasSuffix(before, "ASI")
	case '@':
		return strings.Contains(before, "://")
	case '/':
		return strings.HasSuffix(before, "hooks.slack.com")
	case ' ':
		return spaced(before, s[i+1:])
	case '-':
		return dashed(before)
	case '_':
		return prefixed(before)
	}
	return assigned(before)
}

// spaced reports whether a space stands where one does in a secret.
func spaced(before, after string) bool {
	if len(before) < 6 {
		return false
	}
	switch before[len(before)-1] | 0x20 {
	case 'r':
		return folded(before, "bearer")
	case 'd':
		return strings.HasPrefix(after, "'") && folded(before, "password")
	case 'n':
		return strings.HasSuffix(before, "-----BEGIN")
	}
	return false
}

func dashed(before string) bool {
	n := len(before)
	return strings.HasSuffix(before, "sk") || strings.HasSuffix(before, "xapp") ||
		n >= 4 && before[n-4:n-1] == "xox" && strings.IndexByte("abcdeprs", before[n-1]) >= 0
}

func prefixed(before string) bool {
	n := len(before)
	if n < 3 {
		return false
	}
	return before[n-3:n-1] == "gh" && strings.IndexByte("opusr", before[n-1]) >= 0 ||
		n >= 4 && before[n-4:n-1] == "fig" || strings.HasSuffix(before, "github_pat")
}

// assigned reports whether what stands before = or : names a secret.
func assigned(before string) bool {
	name := strings.TrimRight(before, "\\\" \t\n\f\r")
	if name != "" && name[len(name)-1]|0x20 == 's' {
		name = name[:len(name)-1] // a list of them
	}
	if name == "" || strings.IndexByte("ntdeyr", name[len(name)-1]|0x20) < 0 {
		return queried(before)
	}
	for _, end := range [...]string{
		"token", "secret", "password", "passwd", "passphrase", "key", "verifier", "dsn", "authorization", "cookie",
	} {
		if folded(name, end) {
			return true
		}
	}
	return queried(before)
}

// queried reports whether name ends with a parameter of a query that is one.
func queried(name string) bool {
	name = name[max(0, len(name)-24):] // the longest has 17 characters
	from := strings.LastIndexAny(name, "?&")
	if from < 0 {
		return false
	}
	switch strings.ToLower(name[from+1:]) {
	case "code", "state", "ticket", "sig", "signature", "key", "x-amz-signature", "x-amz-credential":
		return true
	}
	return false
}

// folded reports whether s ends with end, whatever the case of ASCII letters.
func folded(s, end string) bool {
	return len(s) >= len(end) && strings.EqualFold(s[len(s)-len(end):], end)
}
