package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

// user is a member of a workspace.
type user struct {
	id, team, name, realName, title, email string
	bot                                    bool
}

// channel is a conversation. Its messages are in the order of their ts.
type channel struct {
	id, team, name string
	kind           string // public_channel, private_channel, im or mpim
	members        []string
	archived       bool
	topic          string
	created        time.Time
	messages       []*message
}

type message struct {
	ts, user, text string
	thread         string // ts of the first message; empty: none
	bot            bool
	blocks         json.RawMessage
	metadata       json.RawMessage
	broadcast      bool
	edited         string // ts
	reactions      []reaction
	files          []answer
}

type reaction struct {
	name  string
	users []string
}

// scopeOf is the scope of an act (read or history) in a kind of conversation.
func scopeOf(kind, act string) string {
	return map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}[kind] + ":" + act
}

// fill makes the workspaces of the studios.
func (s *Slack) fill() {
	for _, st := range company.Studios() {
		s.add(&user{id: st.BotUser, team: st.SlackTeam, name: "fluxmcp", realName: "fluxmcp (sandbox)", bot: true})
	}
	everybody := map[string][]string{}
	for _, p := range company.People() {
		st := company.StudioOf(p)
		s.add(&user{id: p.SlackID, team: st.SlackTeam, name: p.Key, realName: p.Name, title: p.Title, email: p.Email})
		everybody[st.Key] = append(everybody[st.Key], p.SlackID)
	}
	for i, st := range company.Studios() {
		members := everybody[st.Key]
		general := s.found(st, i, 1, "general", "public_channel", members)
		general.topic = "Everything that concerns all of us"
		s.found(st, i, 2, "leadership", "private_channel", members[:1])
		s.found(st, i, 3, "season-2025", "public_channel", members).archived = true
		s.found(st, i, 4, "", "im", members[:2])
		for j, p := range company.ProjectsOf(st.Key) {
			c := s.found(st, i, 10+j, p.Key, "public_channel", append(slices.Clone(members), st.BotUser))
			c.topic = p.Name + " for " + p.Client
		}
	}
	s.talk()
}

// found makes a conversation.
func (s *Slack) found(st company.Studio, team, n int, name, kind string, members []string) *channel {
	prefix := map[string]string{"im": "D"}[kind]
	if prefix == "" {
		prefix = "C"
	}
	c := &channel{
		id: fmt.Sprintf("%s0SBX%02d%02d", prefix, team, n), team: st.SlackTeam, name: name, kind: kind, members: slices.Clone(members),
		created: s.cfg.Now().AddDate(-1, 0, n),
	}
	s.channels = append(s.channels, c)
	return c
}

// talk is what was said before the sandbox began.
func (s *Slack) talk() {
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
		i := slices.IndexFunc(s.channels, func(c *channel) bool { return c.name == t.channel && c.team == company.StudioOf(p).SlackTeam })
		first := s.say(s.channels[i], &message{user: p.SlackID, text: t.text}, s.cfg.Now().Add(-t.ago))
		for j, reply := range t.replies {
			who, text, _ := strings.Cut(reply, ": ")
			p, _ := company.ByKey(who)
			s.say(s.channels[i], &message{user: p.SlackID, text: text, thread: first.ts}, s.cfg.Now().Add(-t.ago+time.Duration(j+1)*11*time.Minute))
		}
	}
}

// say adds a message, with a ts that no other has. The caller holds mu, or
// nobody else knows s yet.
func (s *Slack) say(c *channel, m *message, at time.Time) *message {
	s.serial++
	m.ts = fmt.Sprintf("%d.%06d", at.Unix(), s.serial%1000000)
	i, _ := slices.BinarySearchFunc(c.messages, m.ts, func(a *message, ts string) int { return strings.Compare(a.ts, ts) })
	c.messages = slices.Insert(c.messages, i, m)
	return m
}

// Crowd adds so many channels, users and messages to the first workspace; the
// messages go to a channel of their own, crowd.
func (s *Slack) Crowd(channels, users, messages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := company.Studios()[0]
	caleb, _ := company.ByKey("caleb.ochoa")
	for i := range users {
		name := fmt.Sprintf("guest.%06d", i)
		s.add(&user{id: fmt.Sprintf("U0CRW%06d", i), team: st.SlackTeam, name: name, realName: fmt.Sprintf("Guest %d", i), title: "Guest", email: name + "@guests.example"})
	}
	for i := range channels {
		s.channels = append(s.channels, &channel{
			id: fmt.Sprintf("C0CRW%06d", i), team: st.SlackTeam, name: fmt.Sprintf("crowd-%06d", i), kind: "public_channel", members: []string{caleb.SlackID}, created: s.cfg.Now(),
		})
	}
	if messages < 1 {
		return
	}
	crowd := &channel{id: "C0CRWTALK", team: st.SlackTeam, name: "crowd", kind: "public_channel", members: []string{caleb.SlackID, st.BotUser}, created: s.cfg.Now()}
	s.channels = append(s.channels, crowd)
	for i := range messages {
		text := fmt.Sprintf("Set %d reads well from the box. From the field it looks busy, see count %d.", i%120+1, i%64+1)
		s.say(crowd, &message{user: caleb.SlackID, text: text}, s.cfg.Now().Add(time.Duration(i-messages)*24*time.Hour/time.Duration(messages)))
	}
}

// userOf finds a user of any workspace; the zero one where there is none. The
// caller holds mu.
func (s *Slack) userOf(id string) user {
	if u := s.known[id]; u != nil {
		return *u
	}
	return user{}
}

// add makes a user known. The caller holds mu, or nobody else knows s yet.
func (s *Slack) add(u *user) {
	s.users = append(s.users, u)
	s.known[u.id] = u
}

// botOf is the app's user in a workspace.
func botOf(team string) string {
	for _, st := range company.Studios() {
		if st.SlackTeam == team {
			return st.BotUser
		}
	}
	return ""
}
