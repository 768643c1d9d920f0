package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/store/internal/names"
)

const (
	nearestNames = 5
	longestName  = 256 // bytes: schema and name are at most 63 each, quotes doubled
)

// NotFound says that no visible relation has the name asked for. Hidden and
// missing relations are told alike.
type NotFound struct {
	Name    string
	Nearest []string // at most 5 names that may be meant, best first
}

// Error names what was asked for, cut where it is long.
func (e *NotFound) Error() string { return fmt.Sprintf("there is no table %q here", e.Name) }

// Code is unknown_table.
func (e *NotFound) Code() string { return "unknown_table" }

// Hint offers the nearest names.
func (e *NotFound) Hint() string {
	if len(e.Nearest) == 0 {
		return "Call tables for the names there are."
	}
	return "Use one of: " + strings.Join(e.Nearest, ", ") + "; or call tables for all names."
}

// resolveName finds the table that name means: exactly, else in any case of
// its letters. A bare name prefers search_path, then a sole match elsewhere.
func resolveName(list []Table, name string) (Table, error) {
	if len(name) > longestName {
		return Table{}, &NotFound{Name: cut(name)}
	}
	schema, table := names.Parse(name)
	for _, same := range []func(a, b string) bool{equal, strings.EqualFold} {
		var found []Table
		for _, t := range list {
			qualified := schema != "" && same(t.Schema, schema) && same(t.Name, table)
			bare := (schema == "" && same(t.Name, table)) || same(t.Name, name)
			if qualified || (bare && t.OnPath) {
				return t, nil
			}
			if bare {
				found = append(found, t)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return Table{}, &NotFound{Name: name, Nearest: nearest(list, table)}
}

func equal(a, b string) bool { return a == b }

func cut(s string) string {
	if len(s) <= longestName {
		return s
	}
	return strings.ToValidUTF8(s[:longestName], "") + "…"
}

// nearest ranks the names by edit distance; one that contains the other, or
// the same word in another number, is near whatever its length.
func nearest(list []Table, name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	want := []rune(strings.ToLower(name))
	var near []candidate
	for _, t := range list {
		have := []rune(strings.ToLower(t.Name))
		d := editDistance(want, have)
		if contains(string(have), string(want)) {
			d = min(d, 2)
		}
		if d <= 1+max(len(want), len(have))/3 {
			near = append(near, candidate{t.FullName(), d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	near = near[:min(len(near), nearestNames)]
	names := make([]string, len(near))
	for i, c := range near {
		names[i] = c.name
	}
	return names
}

// contains reports whether one name holds the other, both at least 3 characters long.
func contains(a, b string) bool {
	if min(utf8.RuneCountInString(a), utf8.RuneCountInString(b)) < 3 {
		return false
	}
	return strings.Contains(a, b) || strings.Contains(b, a)
}

// editDistance is the Levenshtein distance: insertions, deletions and replacements.
func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
