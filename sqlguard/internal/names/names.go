// Package names reads and compares names as PostgreSQL does: names in settings, names inside string constants, and names
// that constant expressions compute. It knows no policy.
package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxBytes is PostgreSQL's NAMEDATALEN-1: longer identifiers are cut there, by the parser and by name look-ups.
const MaxBytes = 63

// Name is a decoded relation name; an empty Schema stands for every schema.
type Name struct{ Schema, Name string }

// Set holds relation names, compared without regard to case: a table that differs from a forbidden one only in
// case is refused rather than trusted.
type Set struct {
	any      map[string]bool // names meant in every schema
	exact    map[Name]bool
	bySchema map[string]bool // schema.*
	named    map[string]bool // names of exact, for references without a schema
}

// NewSet returns an empty set.
func NewSet() Set {
	return Set{map[string]bool{}, map[Name]bool{}, map[string]bool{}, map[string]bool{}}
}

// AddText adds name, schema.name or schema.* as a setting gives it.
func (s Set) AddText(text string) error {
	if schema, ok := strings.CutSuffix(strings.TrimSpace(text), ".*"); ok {
		parts, good := Split(schema)
		if !good || len(parts) != 1 {
			return fmt.Errorf("%q is not name, schema.name or schema.*", text)
		}
		s.bySchema[strings.ToLower(parts[0])] = true
		return nil
	}
	parts, ok := Split(text)
	if !ok || len(parts) > 2 {
		return fmt.Errorf("%q is not name, schema.name or schema.*", text)
	}
	if len(parts) == 1 {
		s.Add(Name{"", parts[0]})
	} else {
		s.Add(Name{parts[0], parts[1]})
	}
	return nil
}

// Add adds a decoded name; an empty schema means every schema.
func (s Set) Add(n Name) {
	n = Name{strings.ToLower(n.Schema), strings.ToLower(n.Name)}
	if n.Schema == "" {
		s.any[n.Name] = true
		return
	}
	s.exact[n] = true
	s.named[n.Name] = true
}

// Has reports whether a reference may mean one of the set. Without a schema it matches an entry of any schema,
// because the search path decides at run time.
func (s Set) Has(schema, name string) bool {
	schema, name = strings.ToLower(schema), strings.ToLower(name)
	if s.any[name] || s.bySchema[schema] {
		return true
	}
	if schema == "" {
		return s.named[name]
	}
	return s.exact[Name{schema, name}]
}

// Empty reports whether the set holds nothing.
func (s Set) Empty() bool { return len(s.any)+len(s.exact)+len(s.bySchema) == 0 }

// Split reads a possibly qualified name the way PostgreSQL reads one in a string (SplitIdentifierString): parts
// outside double quotes are folded to lower case, white space around parts is dropped, names are cut at 63 bytes.
func Split(text string) ([]string, bool) {
	var parts []string
	rest := strings.TrimSpace(text)
	for {
		part, tail, ok := nextPart(rest)
		if !ok {
			return nil, false
		}
		parts = append(parts, cut(part))
		tail = strings.TrimLeft(tail, " \t\n\r\f\v")
		if tail == "" {
			return parts, true
		}
		if tail[0] != '.' {
			return nil, false
		}
		rest = strings.TrimLeft(tail[1:], " \t\n\r\f\v")
	}
}

func nextPart(s string) (part, tail string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ". \t\n\r\f\v")
		if end < 0 {
			end = len(s)
		}
		return strings.ToLower(s[:end]), s[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 >= len(s) || s[i+1] != '"' {
			return b.String(), s[i+1:], true
		}
		b.WriteByte('"')
		i++
	}
	return "", "", false
}

// cut shortens a name to what PostgreSQL keeps of it, at a character boundary.
func cut(name string) string {
	if len(name) <= MaxBytes {
		return name
	}
	end := MaxBytes
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}
