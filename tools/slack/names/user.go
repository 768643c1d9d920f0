package names

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// User finds somebody by id, <@U…>, a link to the profile, @handle, email
// address, or by a full or display name that nobody else has. A handle goes
// before a name, which people choose themselves.
func (n *Names) User(ctx context.Context, text string) (api.User, error) {
	w, err := n.who(ctx)
	if err != nil {
		return api.User{}, err
	}
	ref := parse(text)
	if ref.channel != "" || ref == (reference{}) {
		return api.User{}, &Unknown{what: aUser, text: text}
	}
	return n.person(ctx, w, ref)
}

func (n *Names) person(ctx context.Context, w who, ref reference) (api.User, error) {
	switch {
	case ref.user != "":
		return n.profile(ctx, w, ref.user)
	case ref.email != "":
		return n.byEmail(ctx, w, ref.email)
	default:
		return n.called(ctx, w, ref.handle+ref.name)
	}
}

func (n *Names) byEmail(ctx context.Context, w who, email string) (api.User, error) {
	u, err := n.cfg.API.UserByEmail(ctx, email)
	if codeOf(err) == unknownUser {
		return u, &Unknown{what: aUser, text: email}
	}
	if err != nil {
		n.forget(ctx, w, err)
		return u, err
	}
	n.people.Set(w.key+u.ID, card[api.User]{value: u, at: n.cfg.Now(), whole: true})
	return u, nil
}

// called is who has a handle or a name; once more where the list is whole but may
// have grown meanwhile.
// Errors: *Unknown, *Ambiguous; those of the requests.
func (n *Names) called(ctx context.Context, w who, name string) (api.User, error) {
	for again := false; ; again = true {
		b := n.book(w, people)
		u, err := n.callers(ctx, w, b, name)
		if again || !errors.As(err, new(*Unknown)) || !b.aged(n.cfg.Now()) {
			return u, err
		}
		n.drop(w, b)
	}
}

// callers looks through b: the first page, then by a search, which is one
// request where the list takes hundreds, then as far as it may.
func (n *Names) callers(ctx context.Context, w who, b *book, name string) (api.User, error) {
	r := n.reader(w, b, 1)
	defer r.close(ctx)
	near := nearest{to: name}
	var namesakes []api.User
	for first := true; ; first = false {
		for {
			line, ok, err := r.next(ctx)
			if err != nil {
				return api.User{}, err
			}
			if !ok {
				break
			}
			switch handle := field(line, 2); {
			case strings.EqualFold(handle, name):
				return userOf(line), nil
			case strings.EqualFold(field(line, 3), name) || strings.EqualFold(field(line, 4), name):
				namesakes = append(namesakes, userOf(line))
			default:
				near.add(handle)
			}
		}
		if !r.stopped || !first {
			break
		}
		if u, ok := n.wrote(ctx, w, b, name); ok {
			return u, nil
		}
		r.stopped, r.asks = false, peoplePages
	}
	return chosen(r, near, namesakes)
}

// chosen is who has a name, if it is one person.
// Errors: *Unknown, *Ambiguous.
func chosen(r *reader, near nearest, namesakes []api.User) (api.User, error) {
	here := slices.DeleteFunc(slices.Clone(namesakes), func(u api.User) bool { return u.Gone })
	if len(here) == 0 {
		here = namesakes
	}
	switch {
	case len(here) == 1 && !r.stopped:
		return here[0], nil
	case len(here) > 0:
		return api.User{}, &Ambiguous{text: near.to, ids: idsOf(here), more: r.stopped}
	}
	missed := &Unknown{what: aUser, text: near.to}
	missed.look(glance{r.seen, r.stopped, near.list()})
	if r.stopped {
		cursor, line := r.place()
		missed.cursor = place{people, cursor, line, ""}.String()
	}
	return api.User{}, missed
}

func idsOf(list []api.User) []string {
	ids := make([]string, 0, len(list))
	for _, u := range list {
		ids = append(ids, u.ID)
	}
	return ids
}

// handle is what one looks like that can be searched for.
var handle = regexp.MustCompile(`^[\p{L}\p{N}_.'-]+$`)

// wrote finds who has a handle, and wrote something, by a search. What it finds
// is looked up, since a search takes display names for handles too.
func (n *Names) wrote(ctx context.Context, w who, b *book, name string) (api.User, bool) {
	if !handle.MatchString(name) {
		return api.User{}, false
	}
	for _, m := range n.search(ctx, b, "from:@"+strings.ToLower(name)) {
		if m.User == "" {
			continue
		}
		u, err := n.profile(ctx, w, m.User)
		return u, err == nil && strings.EqualFold(u.Handle, name)
	}
	return api.User{}, false
}
