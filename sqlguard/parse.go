package sqlguard

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/nesting"
	pgquery "github.com/pganalyze/pg_query_go/v5"
	"github.com/pganalyze/pg_query_go/v5/parser"
)

// maxText is the most bytes of SQL that are looked at; agents' statements are a few kilobytes.
const maxText = 100_000

// parse turns a text into its tree, or into the refusal that says why not.
func parse(text string) (*pgquery.ParseResult, *Violation) {
	if v := fit(text); v != nil {
		return nil, v
	}
	tree, err := pgquery.Parse(text)
	if err == nil {
		return tree, nil
	}
	var syntax *parser.Error
	if !errors.As(err, &syntax) {
		return nil, tooComplex() // the tree nests deeper than it can be decoded
	}
	if strings.Contains(syntax.Message, "memory exhausted") {
		return nil, tooComplex()
	}
	return nil, &Violation{Rule: ruleSyntax, Construct: "syntax", Message: shownSyntax(syntax.Message),
		HintText: "Correct the SQL at the position given and call query again with one PostgreSQL SELECT.",
		Position: max(syntax.Cursorpos, 0)}
}

// fit refuses what must not reach the parser at all.
func fit(text string) *Violation {
	switch {
	case len(text) > maxText:
		return &Violation{Rule: ruleTooLarge, Construct: "text", Message: "the SQL is longer than 100,000 bytes",
			HintText: "Shorten the SQL below 100,000 bytes; filter with a sub-select or pass values through the params argument of query."}
	case strings.IndexByte(text, 0) >= 0:
		return &Violation{Rule: ruleEncoding, Construct: "NUL", Message: "the SQL contains a NUL character",
			HintText: "Remove the NUL character from the sql argument.",
			Position: charPosition(text, strings.IndexByte(text, 0))}
	case !utf8.ValidString(text):
		return &Violation{Rule: ruleEncoding, Construct: "UTF-8", Message: "the SQL is not valid UTF-8",
			HintText: "Send the sql argument as valid UTF-8."}
	case len(text) > nesting.Free && nesting.TooDeep(text):
		return tooComplex()
	}
	return nil
}

func tooComplex() *Violation {
	return &Violation{Rule: ruleTooComplex, Construct: "nesting", Message: "the SQL nests expressions, joins or set operations too deeply",
		HintText: "Split the SQL into smaller statements, or replace long operator chains with IN (…) or VALUES."}
}

func shownSyntax(message string) string {
	if runes := []rune(message); len(runes) > 200 {
		message = string(runes[:200]) + "…"
	}
	return message
}
