package size

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Bounds of calls that run in loops of PostgreSQL which look for no interrupt, or that take far more memory than their
// arguments: neither the time limit nor a cancel request stops them.
const (
	maxSteps    = 1e9       // characters of one argument times those of another
	maxDocument = 100 << 10 // bytes to normalise, to pretty-print or to highlight
	maxSplit    = 1 << 20   // bytes to split or match with a regular expression
	maxCorners  = 1000      // of a polygon made of a circle
	maxDescents = 3         // of // in an XPath
)

// slows reports whether calls of a built-in function belong into the list because of their loops.
func slows(name string) bool {
	switch name {
	case "btrim", "ltrim", "rtrim", "translate", "polygon", "jsonb_pretty", "regexp_split_to_array", "regexp_split_to_table",
		"regexp_matches", "ts_headline", "xpath", "xpath_exists":
		return true
	}
	return false
}

// slow reports whether a call is one of them with arguments that are too large.
func (m *measure) slow(g Growth) bool {
	args := g.Call.GetArgs()
	arg := func(i int) float64 {
		if i >= len(args) {
			return 1
		}
		return m.size(args[i], columnSize)
	}
	_, name := g.place()
	switch name {
	case "btrim", "ltrim", "rtrim", "translate":
		return arg(0)*arg(1) > maxSteps
	case "replace":
		from := 1
		if len(args) > 1 {
			s, _ := names.Constant(args[1])
			from = max(len(s), 1)
		}
		return arg(2) > 4*columnSize && arg(0)*arg(2)/float64(from) > maxTotal
	case "normalize", "jsonb_pretty":
		return arg(0) > maxDocument
	case "ts_headline":
		return max(arg(0), arg(1)) > maxDocument
	case "regexp_split_to_array", "regexp_split_to_table", "regexp_matches":
		return arg(0) > maxSplit
	case "polygon":
		return len(args) == 2 && upperBound(args[0], nil) > maxCorners
	case "xpath", "xpath_exists":
		return deepPath(args)
	}
	return false
}

// deepPath reports whether an XPath descends so often that its cost explodes.
func deepPath(args []*pgquery.Node) bool {
	descents := 0
	if len(args) > 0 {
		tree.Inspect(args[0], func(message any) bool {
			if c, ok := message.(*pgquery.A_Const); ok {
				descents += strings.Count(c.GetSval().GetSval(), "//")
			}
			return true
		})
	}
	return descents > maxDescents
}
