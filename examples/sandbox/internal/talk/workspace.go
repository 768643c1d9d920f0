package talk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

// User is a member of a workspace.
type User struct {
	ID, Team, Name, RealName, Title, Email string
	Bot, Guest                             bool
}

// Channel is a conversation. Its messages are in the order of their ts, as are
// the replies to each.
type Channel struct {
	ID, Team, Name string
	Kind           string // public_channel, private_channel, im or mpim
	Members        []string
	Archived       bool
	Topic          string
	Created        time.Time
	Messages       []*Message
	Replies        map[string][]*Message
}

// fill makes the workspaces of the studios.
func (w *World) fill() {
	for _, st := range company.Studios() {
		w.Bots[st.BotID] = &App{ID: company.SlackApp, Bot: st.BotID, Name: "fluxmcp", User: st.BotUser}
		w.add(&User{ID: st.BotUser, Team: st.SlackTeam, Name: "fluxmcp", RealName: "fluxmcp (sandbox)", Bot: true})
	}
	everybody := map[string][]string{}
	for _, p := range company.People() {
		st := company.StudioOf(p)
		w.add(&User{ID: p.SlackID, Team: st.SlackTeam, Name: p.Key, RealName: p.Name, Title: p.Title, Email: p.Email})
		everybody[st.Key] = append(everybody[st.Key], p.SlackID)
	}
	for i, st := range company.Studios() {
		members := everybody[st.Key]
		general := w.Found(st, i, 1, "general", "public_channel", members)
		general.Topic = "Everything that concerns all of us"
		w.Found(st, i, 2, "leadership", "private_channel", members[:1])
		w.Found(st, i, 3, "season-2025", "public_channel", members).Archived = true
		w.Found(st, i, 4, "", "im", members[:2])
		for j, p := range company.ProjectsOf(st.Key) {
			c := w.Found(st, i, 10+j, p.Key, "public_channel", append(slices.Clone(members), st.BotUser))
			c.Topic = p.Name + " for " + p.Client
		}
	}
	w.talk()
}

// Found makes a conversation.
func (w *World) Found(st company.Studio, team, n int, name, kind string, members []string) *Channel {
	prefix := map[string]string{"im": "D"}[kind]
	if prefix == "" {
		prefix = "C"
	}
	c := &Channel{
		ID: fmt.Sprintf("%s0SBX%02d%02d", prefix, team, n), Team: st.SlackTeam, Name: name, Kind: kind, Members: slices.Clone(members),
		Created: w.now().AddDate(-1, 0, n),
	}
	w.addChannel(c)
	return c
}

// talk is what was said before the sandbox began.
func (w *World) talk() {
	for _, t := range []struct {
		channel, person, text string
		ago                   time.Duration
		replies               []string // "person: text"
	}{
		{"general", "caleb.ochoa", "Reminder: invoices for this phase go out at the end of the week.", 70 * time.Hour, nil},
		{"general", "noah.hughes", "Sana is out until Monday, I will cover the drill of *Home Is a Verb*.", 46 * time.Hour, []string{"sana.patel: Thanks, Noah."}},
		{"tidal", "theo.norris", "Uploaded a new pass at the storyboard of the opener. Feedback welcome before we lock it.", 51 * time.Hour, []string{
			"fatima.yates: I like where Tidal is heading. The ballad still feels a few counts short.", "theo.norris: Give me until tomorrow.",
		}},
		{"tidal", "caleb.ochoa", "The directors asked for a warmer palette in the ballad.", 30 * time.Hour, nil},
		{"tidal", "kofi.larsen", "Quick question: are we still using the staircase in the closer?", 6 * time.Hour, []string{"dominic.ortega: Yes, from Monday on."}},
		{"solstice-brand", "yuki.zamora", "Print proof arrived, colors are close. Slightly too magenta on the left third.", 26 * time.Hour, []string{"caleb.ochoa: Please do not print anything before Friday."}},
		{"northern-lights", "kofi.larsen", "We tested the props outdoors today, the wind is a problem above 15 mph.", 22 * time.Hour, nil},
		{"leadership", "caleb.ochoa", "Budget note: the extra fabric puts us about four percent over, still inside the contingency.", 12 * time.Hour, nil},
		{"solstice-juniper", "hugo.archer", "Client wants to see one more option for the logo. I suggest we show the second sketch.", 9 * time.Hour, nil},
	} {
		p, _ := company.ByKey(t.person)
		i := slices.IndexFunc(w.Channels, func(c *Channel) bool { return c.Name == t.channel && c.Team == company.StudioOf(p).SlackTeam })
		first := w.Say(w.Channels[i], &Message{User: p.SlackID, Text: t.text}, w.now().Add(-t.ago))
		for j, reply := range t.replies {
			who, text, _ := strings.Cut(reply, ": ")
			p, _ := company.ByKey(who)
			w.Say(w.Channels[i], &Message{User: p.SlackID, Text: text, Thread: first.TS}, w.now().Add(-t.ago+time.Duration(j+1)*11*time.Minute))
		}
	}
}

// addChannel makes a conversation known.
func (w *World) addChannel(ch *Channel) {
	ch.Replies = map[string][]*Message{}
	w.Channels = append(w.Channels, ch)
	w.ByID[ch.ID] = ch
}

// UserOf finds a user of any workspace, or the one that all have; the zero one
// where there is none.
func (w *World) UserOf(id string) User {
	if id == "USLACKBOT" {
		return User{ID: id, Name: "slackbot", RealName: "Slackbot"}
	}
	if u := w.Known[id]; u != nil {
		return *u
	}
	return User{}
}

// add makes a user known.
func (w *World) add(u *User) {
	w.Users = append(w.Users, u)
	w.Known[u.ID] = u
}

// BotOf is the app's user in a workspace.
func BotOf(team string) string {
	for _, st := range company.Studios() {
		if st.SlackTeam == team {
			return st.BotUser
		}
	}
	return ""
}
