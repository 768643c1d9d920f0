package slack

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

var findUserSpec = tools.Spec{
	Name:      "slack_find_user",
	Title:     "Find a Slack user",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges:    map[string]tools.Range{"limit": {Min: 1, Max: 100, Default: 20}},
	Description: "Find people of the Slack workspace by id, email address, @handle, or words of their name or job title. " +
		"Ids work wherever other tools take a person. In a large workspace one call looks at a part: next_cursor goes on from there.",
}

type findUserArgs struct {
	Query  string `json:"query" jsonschema:"id, email address, @handle, or words of name or job title"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most people to return"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before, with the same query"`
}

type findUserResult struct {
	Users      []user `json:"users" jsonschema:"the best match first"`
	Searched   int    `json:"searched" jsonschema:"people looked at for this answer"`
	NextCursor string `json:"next_cursor,omitempty" jsonschema:"for more; absent where everybody was looked at"`
	Note       string `json:"note,omitempty"`
}

// user is somebody of a workspace, or a bot.
type user struct {
	ID      string `json:"id"`
	Handle  string `json:"handle" jsonschema:"without @"`
	Name    string `json:"name,omitempty"`
	Display string `json:"display,omitempty" jsonschema:"that they chose to be called"`
	Title   string `json:"title,omitempty"`
	Email   string `json:"email,omitempty"`
	Zone    string `json:"zone,omitempty" jsonschema:"such as Europe/Berlin"`
	Bot     bool   `json:"bot,omitempty"`
	Guest   bool   `json:"guest,omitempty"`
	Gone    bool   `json:"gone,omitempty" jsonschema:"true: deactivated"`
}

// findUser answers the slack_find_user tool.
// Errors: bad_argument, those of names.Names.FindUsers.
func (h handlers) findUser(ctx context.Context, in findUserArgs) (findUserResult, error) {
	query := strings.TrimSpace(in.Query)
	if query == "" {
		return findUserResult{}, tools.NewBadArgument("query is empty", "Give query a name, @handle, email address or id.")
	}
	got, err := h.lists.FindUsers(ctx, names.FindQuery{Text: query, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return findUserResult{}, err
	}
	out := findUserResult{Users: []user{}, Searched: got.Searched, NextCursor: got.Next, Note: strings.Join(got.Notes, " ")}
	for _, u := range got.List {
		tools.Touch(ctx, "user:"+u.ID)
		out.Users = append(out.Users, userOf(u))
	}
	if len(out.Users) == 0 && out.Note == "" {
		out.Note = fmt.Sprintf("None of %s matched %q.", count(got.Searched, "person", "people"), short(query, longName))
		if got.Next == "" {
			out.Note += " Try another part of the name, or an email address."
		} else {
			out.Note += " The others follow with next_cursor."
		}
	}
	return out, nil
}

func userOf(u api.User) user {
	out := user{u.ID, u.Handle, short(u.Name, longName), "", short(u.Title, longName), u.Email, u.Zone, u.Bot, u.Guest, u.Gone}
	if u.Display != u.Name && u.Display != u.Handle {
		out.Display = short(u.Display, longName)
	}
	return out
}

// Text is a person a line.
func (r findUserResult) Text() string {
	var b strings.Builder
	for _, u := range r.Users {
		b.WriteString(u.text() + "\n")
	}
	fmt.Fprintf(&b, "(%s of %s looked at)\n", count(len(r.Users), "match", "matches"), grouped(r.Searched))
	writeEnd(&b, r.Note, r.NextCursor)
	return b.String()
}

func (u user) text() string {
	s := plain(u.ID) + " @" + plain(u.Handle)
	for _, part := range []string{u.Name, u.Display} {
		if part != "" {
			s += " " + called(part)
		}
	}
	if u.Title != "" {
		s += ", " + strconv.Quote(u.Title)
	}
	for _, part := range []string{u.Email, u.Zone} {
		if part != "" {
			s += ", " + address(part)
		}
	}
	for _, mark := range []struct {
		on   bool
		name string
	}{{u.Bot, "bot"}, {u.Guest, "guest"}, {u.Gone, "deactivated"}} {
		if mark.on {
			s += ", " + mark.name
		}
	}
	return s
}

// address writes an email address or a time zone, and quotes what is neither.
func address(s string) string {
	if simple.MatchString(strings.NewReplacer("@", "", "/", "").Replace(s)) {
		return s
	}
	return strconv.Quote(short(s, longName))
}
