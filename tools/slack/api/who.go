package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/slack-go/slack"
)

// Identity asks who the token belongs to. Any token may, without a scope.
// Source: https://docs.slack.dev/reference/methods/auth.test
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	type auth struct {
		envelope
		URL    string `json:"url"`
		Team   string `json:"team"`
		User   string `json:"user"`
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
		BotID  string `json:"bot_id"`
	}
	got, err := ask[auth](ctx, c, authTest(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	if got.URL != "" {
		got.URL = strings.TrimRight(got.URL, "/") + "/"
	}
	return Identity{
		User: got.UserID, Name: got.User, Team: got.TeamID, Title: got.Team, URL: got.URL, Bot: got.BotID, Scopes: commas(got.scopes),
	}, nil
}

// person is a User on the wire.
// Source: https://docs.slack.dev/reference/objects/user-object
type person struct{ User }

// UnmarshalJSON implements json.Unmarshaler. A member of another shape is left
// out; it never fails.
func (p *person) UnmarshalJSON(raw []byte) error {
	var w struct {
		ID           string  `json:"id"`
		TeamID       string  `json:"team_id"`
		Name         string  `json:"name"`
		RealName     string  `json:"real_name"`
		Deleted      bool    `json:"deleted"`
		Zone         string  `json:"tz"`
		Bot          bool    `json:"is_bot"`
		Restricted   bool    `json:"is_restricted"`
		Ultra        bool    `json:"is_ultra_restricted"`
		Profile      profile `json:"profile"`
		FromStranger bool    `json:"is_stranger"`
	}
	_ = json.Unmarshal(raw, &w)
	p.User = User{
		ID: w.ID, Team: w.TeamID, Handle: w.Name, Name: first(w.RealName, w.Profile.RealName), Display: w.Profile.Display,
		Title: w.Profile.Title, Email: w.Profile.Email, Zone: w.Zone, Bot: w.Bot || w.ID == slackbot,
		Gone: w.Deleted, Guest: w.Restricted || w.Ultra || w.FromStranger,
	}
	if p.Team == "" {
		p.Team = w.Profile.Team
	}
	return nil
}

// slackbot is the id of Slack's own bot in every workspace, which is_bot does
// not call one.
const slackbot = "USLACKBOT"

// profile is what a user says of themselves, and what comes along with messages.
type profile struct {
	Name       string `json:"name"` // handle; with messages alone
	RealName   string `json:"real_name"`
	Display    string `json:"display_name"`
	Title      string `json:"title"`
	Email      string `json:"email"`
	Team       string `json:"team"`
	Restricted bool   `json:"is_restricted"`
	Ultra      bool   `json:"is_ultra_restricted"`
}

// first is the first of a and b that there is.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// onePerson is an answer about somebody.
type onePerson struct {
	envelope
	User person `json:"user"`
}

// User asks for somebody by their id.
// Source: https://docs.slack.dev/reference/methods/users.info
func (c *Client) User(ctx context.Context, id string) (User, error) {
	got, err := ask[onePerson](ctx, c, usersInfo(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetUserInfoContext(ctx, id, slack.GetUserInfoOptionIncludeLocale(false))
		return err
	})
	return got.known(c, usersInfo(), err)
}

// UserByEmail asks for somebody by their address.
// Source: https://docs.slack.dev/reference/methods/users.lookupByEmail
func (c *Client) UserByEmail(ctx context.Context, email string) (User, error) {
	got, err := ask[onePerson](ctx, c, usersLookupByEmail(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetUserByEmailContext(ctx, email)
		return err
	})
	return got.known(c, usersLookupByEmail(), err)
}

// known is the user of an answer, which has an id.
func (o onePerson) known(c *Client, m method, err error) (User, error) {
	if err == nil && o.User.ID == "" {
		err = c.marked(unreadable(m, errNoID))
	}
	return o.User.User, err
}

// errNoID is of an answer about something without its id.
var errNoID = errors.New("no id")

// maxPeople is the most that a page of Users has.
const maxPeople = 1000

// Users lists a page of the people and bots of the workspace, in no order that
// means anything. limit is 1 to 1000; 0: 1000. Those without an id are left out.
// Source: https://docs.slack.dev/reference/methods/users.list
func (c *Client) Users(ctx context.Context, cursor string, limit int) (Page[User], error) {
	type people struct {
		envelope
		Members []person `json:"members"`
	}
	got, err := ask[people](ctx, c, usersList(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetUsersPaginated(slack.GetUsersOptionCursor(cursor), slack.GetUsersOptionLimit(within(limit, maxPeople, maxPeople)),
			slack.GetUsersOptionIncludeLocale(false)).Next(ctx)
		return err
	})
	page := Page[User]{List: make([]User, 0, len(got.Members)), Next: got.Metadata.Next}
	for _, p := range got.Members {
		if p.ID != "" {
			page.List = append(page.List, p.User)
		}
	}
	return page, err
}

// within is n between 1 and most; 0 and less: otherwise.
func within(n, otherwise, most int) int {
	if n <= 0 {
		n = otherwise
	}
	return min(n, most)
}
