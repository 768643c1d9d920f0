package figma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// commentFilter is which threads are wanted.
type commentFilter struct {
	status string // open, resolved or all
	nodes  []string
	since  time.Time
	text   string // what is searched, for people
}

// filter reads the conditions; since counts back from now.
// Errors: bad_argument.
func (in getCommentsArgs) filter(now time.Time) (f commentFilter, err error) {
	f.status = in.Status
	f.text = "status " + f.status
	if f.nodes, err = parseNodes(in.NodeIDs); err != nil {
		return f, err
	}
	if len(f.nodes) > 0 {
		f.text += ", pinned to " + strings.Join(f.nodes, ", ")
	}
	if in.Since != "" {
		if f.since, err = tools.Since("since", in.Since, now); err != nil {
			return f, err
		}
		f.text += ", activity since " + moment(f.since)
	}
	return f, nil
}

func (f commentFilter) wants(t thread) bool {
	open := t.ResolvedAt == ""
	return (f.status == "all" || open == (f.status == "open")) &&
		(len(f.nodes) == 0 || slices.Contains(f.nodes, t.NodeID)) &&
		!t.activity.Before(f.since)
}

// commentCursor is the thread after which to go on, in the order of threadsOf;
// the zero value is before all.
type commentCursor struct {
	activity time.Time
	id       string
}

func cursorOf(t thread) string {
	return fmt.Sprintf("%d-%s", t.activity.UnixMilli(), t.ID)
}

// readCursor reads what cursorOf wrote.
// Errors: bad_argument.
func readCursor(s string) (c commentCursor, err error) {
	if s == "" {
		return c, nil
	}
	at, id, ok := strings.Cut(s, "-")
	ms, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || id == "" || len(id) > 40 {
		return c, tools.NewBadArgument("cursor is none that an answer gave", "Give next_cursor of the answer before, or nothing.")
	}
	return commentCursor{time.UnixMilli(ms), id}, nil
}

// before reports whether t comes after the cursor.
func (c commentCursor) before(t thread) bool {
	if c.id == "" {
		return true
	}
	at := time.UnixMilli(t.activity.UnixMilli())
	return at.Before(c.activity) || at.Equal(c.activity) && t.ID < c.id
}
