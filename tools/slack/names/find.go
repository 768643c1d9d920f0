package names

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// FindQuery asks for people.
type FindQuery struct {
	Text   string // id, email address, handle, or words of names and job titles; empty: all
	Limit  int    // 0: 20
	Cursor string // Next of a page before
}

// FoundUsers is a page of people in Slack's order; who has Text as handle or
// address comes first.
type FoundUsers struct {
	List     []api.User
	Next     string   // cursor; empty: everybody has been looked at
	Searched int      // people that this page was chosen from
	Notes    []string // how far was looked; one sentence each
}

// FindUsers gives a page of people. It looks through some thousands at most;
// Next goes on from there.
// Errors: *BadCursor; those of the requests.
func (n *Names) FindUsers(ctx context.Context, q FindQuery) (FoundUsers, error) {
	if q.Limit <= 0 {
		q.Limit = 20
	}
	at, err := placeOf(q.Cursor, people)
	if err != nil {
		return FoundUsers{}, err
	}
	w, err := n.who(ctx)
	if err != nil {
		return FoundUsers{}, err
	}
	if ref := parse(q.Text); q.Cursor == "" && (ref.user != "" || ref.email != "") {
		u, err := n.person(ctx, w, ref)
		switch {
		case err == nil:
			return FoundUsers{List: []api.User{u}, Searched: 1}, nil
		case !errors.As(err, new(*Unknown)):
			return FoundUsers{}, err
		case ref.user != "":
			return FoundUsers{List: []api.User{}}, nil
		}
	}
	got, err := n.findUsers(ctx, w, q, at)
	return got, misplaced(err, at.Cursor)
}

func (n *Names) findUsers(ctx context.Context, w who, q FindQuery, at place) (FoundUsers, error) {
	b, page := n.book(w, people).from(at.Cursor)
	r := n.reader(w, b, peoplePages)
	r.page = page
	defer r.close(ctx)
	got := FoundUsers{List: []api.User{}}
	if q.Cursor == "" {
		if u, ok := n.first(ctx, w, b, q.Text); ok {
			got.List, at.Skip = append(got.List, u), u.ID
			r.asks = 0
		}
	}
	if err := r.skip(ctx, at.Line); err != nil {
		return got, err
	}
	if err := q.collect(ctx, r, at.Skip, &got); err != nil {
		return FoundUsers{}, err
	}
	got.Searched = r.seen
	if !r.ended() {
		cursor, line := r.place()
		got.Next = place{people, cursor, line, at.Skip}.String()
		if len(got.List) < q.Limit {
			got.Notes = append(got.Notes, fmt.Sprintf("%d people were looked through, and there are more; give cursor to go on.", r.seen))
		}
	}
	return got, nil
}

// first is who has a handle, where the list has more than a page.
func (n *Names) first(ctx context.Context, w who, b *book, text string) (api.User, bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "@")
	if !handle.MatchString(text) {
		return api.User{}, false
	}
	r := n.reader(w, b, 1)
	defer r.close(ctx)
	for {
		line, ok, err := r.next(ctx)
		switch {
		case err != nil:
			return api.User{}, false // it is met again at once
		case !ok && r.stopped:
			return n.wrote(ctx, w, b, text)
		case !ok:
			return api.User{}, false
		case strings.EqualFold(field(line, 2), text):
			return userOf(line), true
		}
	}
}

// collect fills a page with those who have all the words.
func (q FindQuery) collect(ctx context.Context, r *reader, skip string, got *FoundUsers) error {
	words := strings.Fields(strings.ToLower(strings.TrimPrefix(strings.TrimSpace(q.Text), "@")))
	for len(got.List) < q.Limit || r.ready() {
		line, ok, err := r.next(ctx)
		if err != nil || !ok {
			return err
		}
		if field(line, 0) == skip || !has(line, words) {
			continue
		}
		if len(got.List) == q.Limit {
			r.back()
			return nil
		}
		got.List = append(got.List, userOf(line))
	}
	return nil
}

// has tells that a line has all words in handle, names, title or address.
func has(line string, words []string) bool {
	if len(words) == 0 {
		return true
	}
	fields := strings.Split(strings.ToLower(line), ofFields)
	if len(fields) != 9 {
		return false
	}
	text := strings.Join(fields[2:7], ofFields)
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}
