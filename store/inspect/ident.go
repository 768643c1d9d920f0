package inspect

import "strings"

// reserved are the key words that a name may not be without quotes.
// Source: https://www.postgresql.org/docs/current/sql-keywords-appendix.html
const reserved = " all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation " +
	"column concurrently constraint create cross current_catalog current_date current_role current_schema current_time " +
	"current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full " +
	"grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime " +
	"localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right " +
	"select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using variadic " +
	"verbose when where window with "

// Ident is name as it is written in SQL: in double quotes where it would be
// read as something else without them.
func Ident(name string) string {
	plain := name != "" && !strings.Contains(reserved, " "+name+" ")
	for i, c := range name {
		letter := c == '_' || (c >= 'a' && c <= 'z')
		digit := i > 0 && ((c >= '0' && c <= '9') || c == '$')
		plain = plain && (letter || digit)
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
