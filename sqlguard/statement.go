package sqlguard

import "github.com/fluxstudio/fluxmcp/sqlguard/internal/normal"

// Name is a relation's decoded name. Schema is empty where the text gave none, or where any schema is meant.
type Name struct{ Schema, Name string }

// Statement is a text that passed Check. Only Check makes one with a text; the zero value has none and runs nothing.
// It is a value, safe for concurrent use.
type Statement struct {
	text      string
	relations []Name
	explain   bool
	analyze   bool
	volatile  bool
	rewritten bool
}

// Text returns what is sent to the server: exactly a text that was checked, byte for byte.
func (s Statement) Text() string { return s.text }

// Normalized returns Text in a normal form to build a cache key from: two statements with the same one mean the same to
// PostgreSQL, down to columns, rows and parameters (with standard_conforming_strings on and the same search_path).
// Texts that differ only in white space, comments, a semicolon at the end or the ASCII letter case of keywords and
// unquoted names have the same one. It is not meant to be run or shown. It is made anew at each call, in time linear to
// Text.
func (s Statement) Normalized() string { return normal.Form(s.text) }

// IsExplain reports whether the statement asks for a plan.
func (s Statement) IsExplain() bool { return s.explain }

// Analyze reports whether the statement is an EXPLAIN that also runs its query.
func (s Statement) Analyze() bool { return s.analyze }

// Volatile reports whether two runs may differ with the data unchanged (now(), random(), 'today', system counters,
// a view over one of these that the catalog lists), so that the result must not be cached.
func (s Statement) Volatile() bool { return s.volatile }

// Rewritten reports whether Text is an equivalent of the text given to Check and not that text itself: a form that can
// be streamed, or one with its comments blanked out.
func (s Statement) Rewritten() bool { return s.rewritten }

// Relations returns the base relations the statement names, decoded, in order of appearance and without repeats.
// Common table expressions are not among them. The result is a copy.
func (s Statement) Relations() []Name { return append([]Name(nil), s.relations...) }
