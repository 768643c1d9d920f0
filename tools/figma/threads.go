package figma

import (
	"cmp"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// threadsOf puts replies under what they reply to, newest activity first. A
// reply whose comment is gone begins a thread itself.
func threadsOf(list []api.Comment) []thread {
	roots := map[string]bool{}
	for _, c := range list {
		if c.ParentID == "" {
			roots[c.ID] = true
		}
	}
	replies := map[string][]api.Comment{}
	var heads []api.Comment
	for _, c := range list {
		if roots[c.ParentID] {
			replies[c.ParentID] = append(replies[c.ParentID], c)
		} else {
			heads = append(heads, c)
		}
	}
	threads := make([]thread, len(heads))
	for i, c := range heads {
		threads[i] = threadOf(c, replies[c.ID])
	}
	slices.SortFunc(threads, func(a, b thread) int {
		return cmp.Or(cmp.Compare(b.activity.UnixMilli(), a.activity.UnixMilli()), cmp.Compare(b.ID, a.ID))
	})
	return threads
}

func threadOf(c api.Comment, replies []api.Comment) thread {
	t := thread{remark: remarkOf(c), Number: c.OrderID, Replies: []remark{}, activity: c.CreatedAt}
	t.NodeID, t.Position = placeOf(c.Position)
	if c.ResolvedAt != nil {
		t.ResolvedAt, t.activity = moment(*c.ResolvedAt), later(t.activity, *c.ResolvedAt)
	}
	slices.SortStableFunc(replies, func(a, b api.Comment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, r := range replies {
		t.Replies = append(t.Replies, remarkOf(r))
		t.activity = later(t.activity, r.CreatedAt)
	}
	return t
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func remarkOf(c api.Comment) remark {
	return remark{ID: c.ID, By: c.User.Handle, At: moment(c.CreatedAt), Text: c.Message, Reactions: reactionsOf(c.Reactions)}
}

func reactionsOf(list []api.Reaction) []reactionCount {
	counts := map[string]int{}
	for _, r := range list {
		counts[r.Emoji]++
	}
	var out []reactionCount
	for emoji, n := range counts {
		out = append(out, reactionCount{emoji, n})
	}
	slices.SortFunc(out, func(a, b reactionCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Emoji, b.Emoji))
	})
	return out
}

func placeOf(p *api.Position) (node string, at *pin) {
	switch {
	case p == nil:
		return "", nil
	case p.Offset != nil:
		return p.NodeID, &pin{p.Offset.X, p.Offset.Y, p.Width, p.Height}
	case p.X != nil && p.Y != nil:
		return p.NodeID, &pin{*p.X, *p.Y, p.Width, p.Height}
	default:
		return p.NodeID, nil
	}
}

// moment is a time as answers have it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
