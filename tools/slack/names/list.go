package names

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// ListQuery asks for conversations.
type ListQuery struct {
	Kinds    []api.Kind // empty: Public and Private
	Name     string     // part of a name, or a pattern with * and ?, whatever the case; empty: all
	Archived bool       // also those
	Limit    int        // 0: 100
	Cursor   string     // Next of a page before
}

// Listed is a page of conversations: private and direct ones first, then public
// ones, each in Slack's order.
type Listed struct {
	List     []api.Channel
	Next     string   // cursor; empty: this is the last page
	Searched int      // conversations that this page was chosen from
	Notes    []string // what is not in it, and why; one sentence each
}

// place is where a list goes on.
type place struct {
	Part   part   `json:"p"`
	Cursor string `json:"c,omitempty"` // of Slack
	Line   int    `json:"l,omitempty"` // of the page there
	Skip   string `json:"s,omitempty"` // id that was given out before its turn
}

// String is the place as a cursor.
func (p place) String() string {
	b, _ := json.Marshal(p) // strings and a number encode
	return base64.RawURLEncoding.EncodeToString(b)
}

// maxCursor bounds cursors, characters.
const maxCursor = 2000

// placeOf reads a cursor, which must be of one of some parts; the first of them
// from its beginning where it is empty.
// Errors: *BadCursor.
func placeOf(cursor string, parts ...part) (p place, err error) {
	if cursor == "" {
		return place{Part: parts[0]}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || json.Unmarshal(b, &p) != nil || !slices.Contains(parts, p.Part) || p.Line < 0 || p.Line > 1000 {
		return place{}, &BadCursor{}
	}
	return p, nil
}

// List gives a page of conversations. It reads on from Slack until the page is
// full, for some seconds at most.
// Errors: *BadCursor, bad_argument of Name; those of the requests, also where
// nothing of what is asked for may be listed.
func (n *Names) List(ctx context.Context, q ListQuery) (Listed, error) {
	if len(q.Kinds) == 0 {
		q.Kinds = []api.Kind{api.Public, api.Private}
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(q.Name), "#"))
	parts := q.parts()
	at, err := placeOf(q.Cursor, parts...)
	if err != nil {
		return Listed{}, err
	}
	w, err := n.who(ctx)
	if err != nil {
		return Listed{}, err
	}
	if q.Cursor == "" {
		n.readAnew(w, q, parts)
	}
	got, err := n.listFrom(ctx, w, q, parts, at)
	if err == nil && q.Name != "" && len(got.List) == 0 && got.Next == "" && q.Cursor == "" && n.dropAged(w, parts) {
		got, err = n.listFrom(ctx, w, q, parts, at)
	}
	return got, err
}

// dropAged forgets those lists that may be too old to say that a name is not in
// them, and tells whether there were any.
func (n *Names) dropAged(w who, parts []part) (any bool) {
	for _, p := range parts {
		if b := n.book(w, p); b.aged(n.cfg.Now()) {
			n.drop(w, b)
			any = true
		}
	}
	return any
}

// listFrom is List from a place on.
func (n *Names) listFrom(ctx context.Context, w who, q ListQuery, parts []part, at place) (Listed, error) {
	got := Listed{List: []api.Channel{}}
	for i, p := range parts[slices.Index(parts, at.Part):] {
		if i > 0 {
			at = place{Part: p}
		}
		denied, err := n.list(ctx, w, q, at, &got)
		if err != nil {
			return Listed{}, misplaced(err, at.Cursor)
		}
		if denied != nil && len(parts) == 1 {
			return Listed{}, denied
		}
		if scopes := n.withheld(w, q, p); len(parts) == 1 && scopes != nil {
			return Listed{}, &Withheld{scopes}
		}
		if got.Next != "" {
			break
		}
	}
	return got, nil
}

// misplaced tells that Slack does not take a cursor.
func misplaced(err error, cursor string) error {
	if cursor != "" && detail(err, "slack_error") == "invalid_cursor" {
		return &BadCursor{}
	}
	return err
}

// parts are the lists that have what q asks for.
func (q ListQuery) parts() (parts []part) {
	if slices.ContainsFunc(q.Kinds, func(k api.Kind) bool { return k != api.Public }) {
		parts = append(parts, mine)
	}
	if slices.Contains(q.Kinds, api.Public) {
		parts = append(parts, public)
	}
	return parts
}

// list adds what q asks for of one list, from a place on. denied is why nothing
// of it may be listed.
func (n *Names) list(ctx context.Context, w who, q ListQuery, at place, got *Listed) (denied, err error) {
	b, page := n.book(w, at.Part).from(at.Cursor)
	r := n.reader(w, b, channelPages)
	r.page = page
	defer r.close(ctx)
	if err := r.skip(ctx, at.Line); err != nil {
		return nil, err
	}
	for {
		if len(got.List) == q.Limit && !r.ready() {
			break
		}
		line, ok, err := r.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		ch := channelOf(line)
		if !q.ofKind(ch, at.Part) {
			continue
		}
		got.Searched++
		if !q.named(ch) {
			continue
		}
		if len(got.List) == q.Limit {
			r.back()
			got.Searched--
			break
		}
		got.List = append(got.List, ch)
	}
	return n.listed(r, q, at, got), nil
}

// listed says how the list goes on, and what it lacks.
func (n *Names) listed(r *reader, q ListQuery, at place, got *Listed) error {
	if !r.ended() {
		cursor, line := r.place()
		got.Next = place{at.Part, cursor, line, ""}.String()
		if len(got.List) < q.Limit {
			got.Notes = append(got.Notes, "There are more conversations than were looked through; give cursor to go on.")
		}
	}
	lacks, denied := r.b.missing()
	for _, k := range q.Kinds {
		if (k == api.Public) == (at.Part == public) && slices.Contains(lacks, scopeOf(k)) {
			got.Notes = append(got.Notes, fmt.Sprintf("%s is left out, since the token lacks the scope %s.", k, scopeOf(k)))
		}
	}
	return denied
}

// readAnew forgets lists without the kinds that are asked for, since the token
// may have got their scopes by now.
func (n *Names) readAnew(w who, q ListQuery, parts []part) {
	for _, p := range parts {
		b := n.book(w, p)
		lacks, denied := b.missing()
		if denied != nil || slices.ContainsFunc(q.Kinds, func(k api.Kind) bool { return slices.Contains(lacks, scopeOf(k)) }) {
			n.drop(w, b)
		}
	}
}

// withheld are the scopes for want of which nothing of a list may be seen; nil:
// something may.
func (n *Names) withheld(w who, q ListQuery, p part) (scopes []string) {
	lacks, _ := n.book(w, p).missing()
	for _, k := range q.Kinds {
		if !slices.Contains(lacks, scopeOf(k)) {
			return nil
		}
		scopes = append(scopes, scopeOf(k))
	}
	return scopes
}

// ofKind tells that a conversation of a list is of a kind that is asked for.
func (q ListQuery) ofKind(c api.Channel, p part) bool {
	return slices.Contains(q.Kinds, c.Kind) && (!c.Archived || q.Archived) && (p != mine || c.Kind != api.Public)
}

// named tells that a conversation has the name that is asked for.
func (q ListQuery) named(c api.Channel) bool {
	name := strings.ToLower(c.Name)
	if strings.ContainsAny(q.Name, "*?") {
		ok, err := path.Match(q.Name, name)
		return ok && err == nil
	}
	return strings.Contains(name, q.Name)
}
