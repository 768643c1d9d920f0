// Package names reads the names of relations as people and settings write them.
package names

import "strings"

// Parse splits schema.name where either part may be in double quotes. Case
// is kept as written; the caller compares exactly before it ignores case.
func Parse(s string) (schema, name string) {
	var part strings.Builder
	quoted, qualified := false, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && quoted && strings.HasPrefix(s[i+1:], `"`):
			part.WriteByte('"')
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '.' && !quoted && !qualified:
			schema, qualified = strings.TrimSpace(part.String()), true
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return schema, strings.TrimSpace(part.String())
}
