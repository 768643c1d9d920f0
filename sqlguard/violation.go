package sqlguard

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The rules a refusal can name. They are stable: clients and dashboards match on them.
const (
	ruleEmpty       = "sql_empty"
	ruleEncoding    = "sql_encoding"
	ruleTooLarge    = "sql_too_large"
	ruleTooComplex  = "sql_too_complex"
	ruleSyntax      = "sql_syntax"
	ruleMultiple    = "sql_multiple_statements"
	ruleReadOnly    = "sql_not_read_only"
	ruleUnsupported = "sql_not_supported"
	ruleExpensive   = "sql_too_expensive"
	ruleTable       = "forbidden_table"
	ruleNotAllowed  = "table_not_allowed"
	ruleCatalog     = "forbidden_catalog"
	ruleFunction    = "forbidden_function"
	ruleOperator    = "forbidden_operator"
	ruleName        = "forbidden_name"
	ruleSetting     = "forbidden_setting"
	ruleOperation   = "forbidden_operation"
)

// Violation is the refusal of an SQL text: the only error Check returns.
type Violation struct {
	Rule      string // stable snake_case code, e.g. "sql_not_read_only"
	Construct string // what in the text broke the rule, e.g. "DELETE" or a function's name
	Message   string // what is wrong, in terms of the caller's SQL
	HintText  string // one imperative sentence: the next step
	Position  int    // 1-based character in the text, 0 where unknown
}

// Error returns the message, and the position where it is known; the rule and
// the hint have methods of their own.
func (v *Violation) Error() string {
	if v.Position == 0 {
		return v.Message
	}
	return v.Message + " (at character " + strconv.Itoa(v.Position) + ")"
}

// Code returns the rule that was broken.
func (v *Violation) Code() string { return v.Rule }

// Hint returns the next step as one imperative sentence.
func (v *Violation) Hint() string { return v.HintText }

// charPosition turns a byte offset of the parser into a 1-based character position, 0 for an unknown one.
func charPosition(text string, offset int) int {
	if offset < 0 || offset > len(text) {
		return 0
	}
	return utf8.RuneCountInString(text[:offset]) + 1
}

// shown makes a name fit for a message: control characters gone, at most 80 characters.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return name
}
