package size

import (
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// maxFormatWidth is the widest field a format string may ask for, in characters.
const maxFormatWidth = 10_000

// Format reports whether a call of format() has a constant format string with small widths: '%1000000000s' would fill
// memory, and a width taken from an argument cannot be seen.
func Format(call *pgquery.FuncCall) bool {
	if len(call.GetArgs()) == 0 {
		return true
	}
	text, ok := names.Fold(call.GetArgs()[0])
	return ok && narrow(text)
}

// narrow reports whether every width in a format string is small and written out.
func narrow(format string) bool {
	for rest := format; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			return true
		}
		rest = rest[i+1:]
		end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789$-*", r) })
		if end < 0 {
			end = len(rest)
		}
		spec := rest[:end]
		if strings.Contains(spec, "*") {
			return false
		}
		for number := range strings.FieldsFuncSeq(spec, func(r rune) bool { return r == '$' || r == '-' }) {
			if n, err := strconv.Atoi(number); err != nil || n > maxFormatWidth {
				return false
			}
		}
		rest = strings.TrimPrefix(rest[end:], "%")
	}
}
