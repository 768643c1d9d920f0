package store

import (
	"fmt"
	"strings"
)

// sqlIdent quotes an identifier. NUL cannot be part of one and is dropped.
func sqlIdent(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// sqlLiteral quotes a text whatever standard_conforming_strings says.
func sqlLiteral(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// sqlArray writes a text[] constructor.
func sqlArray(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = sqlLiteral(s)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

// bindLiterals puts quoted values in the places of $1, $2, … of one of our own
// texts, which has no such mark inside a literal. Comment lines go: they name
// the parameters. One pass, so that a value that looks like a mark stays as it is.
func bindLiterals(text string, values ...string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, "\t\t"+line)
		}
	}
	pairs := make([]string, 0, 2*len(values))
	for i, v := range values {
		pairs = append(pairs, fmt.Sprintf("$%d::", i+1), "("+v+")::")
	}
	return strings.TrimRight(strings.NewReplacer(pairs...).Replace(strings.Join(kept, "")), "\n")
}

// doBlock wraps body into a DO statement whose dollar quotes it cannot end.
func doBlock(body string) string {
	tag := "$fluxmcp$"
	for i := 0; strings.Contains(body, tag); i++ {
		tag = fmt.Sprintf("$fluxmcp%d$", i)
	}
	return "DO " + tag + body + tag + ";\n\n"
}
