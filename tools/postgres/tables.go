package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
)

var tablesSpec = tools.Spec{
	Name:   "tables",
	Title:  "List tables",
	Effect: tools.ReadOnly,
	Ranges: map[string]tools.Range{"limit": {Min: 1, Max: 1000, Default: 200}},
	Description: "List the tables and views that can be read, with kind, estimated rows, size and comment, by schema and name. " +
		"Use like to search when there are many. Call describe_table for the columns of one, or schema for all at once.",
}

type tablesArgs struct {
	Like  string `json:"like,omitempty" jsonschema:"part of a name; with % in it, a pattern as in LIKE"`
	Limit int    `json:"limit,omitempty" jsonschema:"most tables to list"`
}

type tablesResult struct {
	Tables []tableEntry `json:"tables" jsonschema:"by schema and name"`
	Total  int          `json:"total" jsonschema:"tables that match, listed or not"`
	More   bool         `json:"more" jsonschema:"true where limit left some out"`
	Note   string       `json:"note,omitempty" jsonschema:"what to try when no table matched"`
}

type tableEntry struct {
	Name      string `json:"name" jsonschema:"as it is written in SQL"`
	Kind      string `json:"kind"`
	Rows      int64  `json:"rows" jsonschema:"estimate; -1 where never analyzed"`
	SizeBytes int64  `json:"size_bytes"`
	Comment   string `json:"comment,omitempty"`
}

// listTables answers the tables tool.
// Errors: those of inspect.Inspector.List.
func (h handlers) listTables(ctx context.Context, in tablesArgs) (tablesResult, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return tablesResult{}, err
	}
	list, err := h.tables.List(ctx)
	if err != nil {
		return tablesResult{}, err
	}
	out := tablesResult{Tables: []tableEntry{}}
	for _, t := range list {
		if t.Partition || !matches(in.Like, t) {
			continue
		}
		out.Total++
		if len(out.Tables) == in.Limit {
			out.More = true
			continue
		}
		out.Tables = append(out.Tables, tableEntry{t.FullName(), t.Kind, t.RowEstimate, t.SizeBytes, t.Comment})
	}
	if out.Total == 0 {
		out.Note = "No readable table matched. Call tables without like; if that shows none, ask the operator what the reader role may see."
	}
	return out, nil
}

// matches tells whether like is part of the table's name, or its pattern.
func matches(like string, t inspect.Table) bool {
	like = strings.ToLower(like)
	for _, name := range []string{strings.ToLower(t.Name), strings.ToLower(t.Schema + "." + t.Name)} {
		if strings.ContainsRune(like, '%') {
			if likeMatch(like, name) {
				return true
			}
		} else if strings.Contains(name, like) {
			return true
		}
	}
	return false
}

// likeMatch is SQL's LIKE, without an escape character. It takes time
// proportional to the product of the lengths at most.
func likeMatch(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '_' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// Text is one table a line under a header, tab-separated.
func (r tablesResult) Text() string {
	var b strings.Builder
	b.WriteString("name\tkind\trows\tsize\tcomment\n")
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", escapes.Replace(t.Name), t.Kind, rowsText(t.Rows), sizeText(t.SizeBytes), escapes.Replace(t.Comment))
	}
	fmt.Fprintf(&b, "(%d of %d tables, more=%v)", len(r.Tables), r.Total, r.More)
	if r.Note != "" {
		b.WriteString("\n" + r.Note)
	}
	return b.String()
}

// rowsText is an estimate, marked as one.
func rowsText(n int64) string {
	if n < 0 {
		return "?"
	}
	return "~" + strconv.FormatInt(n, 10)
}

// sizeText is a size in the largest unit that keeps it above 1.
func sizeText(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v /= 1024
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}
