package sqlguard

import (
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// frame says where the columns of one SELECT come from. A column that only constants feed is a computed constant: it
// must not smuggle a name into a cast to regclass.
type frame struct {
	outer  *frame
	stmt   *pgquery.SelectStmt
	merges bool // its columns are those of the frame around it: an arm of a UNION, a sub-select in FROM
	stored bool // reads a table
	passes bool // has a function in FROM that takes columns of elsewhere
}

// openFrame starts the frame of a SELECT.
func (w *walker) openFrame(stmt *pgquery.SelectStmt) {
	arm := w.frame != nil && (w.frame.stmt.Larg == stmt || w.frame.stmt.Rarg == stmt)
	w.frame = &frame{outer: w.frame, stmt: stmt, merges: arm || w.derived}
	w.derived = false
}

// closeFrame ends it and hands on what it reads.
func (w *walker) closeFrame() {
	f := w.frame
	w.frame = f.outer
	if f.merges && f.outer != nil {
		f.outer.stored = f.outer.stored || f.stored
		f.outer.passes = f.outer.passes || f.passes
	}
}

// noteStored says that the current SELECT reads a table.
func (w *walker) noteStored() {
	w.found.stored++
	if w.frame != nil {
		w.frame.stored = true
	}
}

// noteDerived notes a sub-select or function in FROM.
func (w *walker) noteDerived(item any) {
	if _, ok := item.(*pgquery.RangeSubselect); ok {
		w.derived = true // the very next SELECT is its query
		return
	}
	tree.Inspect(item, func(message any) bool {
		_, column := message.(*pgquery.ColumnRef)
		w.frame.passes = w.frame.passes || column
		return !w.frame.passes
	})
}

// openColumns reports whether what the columns of a SELECT hold can be judged: they come out of a table or are written
// out as literals, in its own FROM clause or, where that has none or hands on columns of elsewhere, in one around it.
func (f *frame) openColumns() bool {
	for ; f != nil; f = f.outer {
		if f.stored {
			return true
		}
		if len(f.stmt.FromClause) > 0 && !f.passes {
			return literalsOnly(f.stmt.FromClause)
		}
	}
	return false
}

// literalsOnly reports whether FROM items are VALUES or sub-selects of nothing but literals, whose text has been compared.
func literalsOnly(from []*pgquery.Node) bool {
	plain := true
	for _, item := range from {
		tree.Inspect(item, func(message any) bool {
			switch message.(type) {
			case *pgquery.Node, *pgquery.List, *pgquery.RangeSubselect, *pgquery.SelectStmt, *pgquery.ResTarget, *pgquery.Alias,
				*pgquery.String, *pgquery.A_Const, *pgquery.Integer, *pgquery.Float, *pgquery.TypeCast, *pgquery.TypeName, *pgquery.ColumnRef:
			default:
				plain = false
			}
			return plain
		})
	}
	return plain
}
