package talk

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

// Crowd adds so many channels, users and messages to the first workspace. The
// messages are in the history of a channel of their own, crowd, spread over the
// last day, as a busy channel has them: of several authors, with alerts of a bot
// that say the same again and again, reactions, files, links and edits. Every
// 25th has a thread of two to six replies, which come on top.
func (w *World) Crowd(channels, users, messages int) {
	st := company.Studios()[0]
	caleb, _ := company.ByKey("caleb.ochoa")
	for i := range users {
		name := fmt.Sprintf("guest.%06d", i)
		w.add(&User{ID: fmt.Sprintf("U0CRW%06d", i), Team: st.SlackTeam, Name: name, RealName: fmt.Sprintf("Guest %d", i), Title: "Guest", Email: name + "@guests.example", Guest: true})
	}
	for i := range channels {
		w.addChannel(&Channel{
			ID: fmt.Sprintf("C0CRW%06d", i), Team: st.SlackTeam, Name: fmt.Sprintf("crowd-%06d", i), Kind: "public_channel", Members: []string{caleb.SlackID}, Created: w.now(),
		})
	}
	if messages > 0 {
		w.chatter(st, messages)
	}
}

// chatter fills the channel crowd.
func (w *World) chatter(st company.Studio, messages int) {
	ch := &Channel{ID: "C0CRWTALK", Team: st.SlackTeam, Name: "crowd", Kind: "public_channel", Topic: "Everything at once", Created: w.now().AddDate(-1, 0, 0)}
	var authors []string
	for _, p := range company.People() {
		if p.Studio == st.Key {
			authors = append(authors, p.SlackID)
		}
	}
	ch.Members = append(authors, st.BotUser)
	w.addChannel(ch)
	watch := &App{ID: "A0CRWWATCH", Bot: "B0CRWWATCH", Name: "Watchtower"}
	w.Bots[watch.Bot] = watch
	now, step := w.now(), 24*time.Hour/time.Duration(messages)
	for i := range messages {
		at := now.Add(time.Duration(i-messages) * step)
		m := w.chat(i, authors, st)
		if i%10 == 3 || i%10 == 7 {
			m = alert(i, watch)
		}
		w.Say(ch, m, at)
		for j := range i % 25 / 24 * (2 + i/25%5) {
			who := authors[(i/25+j)%len(authors)]
			w.Say(ch, &Message{User: who, Text: replies()[(i/25+j)%len(replies())], Thread: m.TS}, at.Add(time.Duration(j+1)*step/8))
		}
	}
}

// chat is what somebody types.
func (w *World) chat(i int, authors []string, st company.Studio) *Message {
	who := authors[i*i/7%len(authors)]
	other := authors[(i+3)%len(authors)]
	if i%500 == 499 {
		return &Message{User: who, Subtype: "channel_join", Text: "<@" + who + "> has joined the channel"}
	}
	m := &Message{User: who, Text: said(i, other)}
	if i%9 == 4 {
		m.Reactions = append(m.Reactions, Reaction{[]string{"eyes", "+1", "white_check_mark", "tada"}[i/9%4], authors[:1+i/9%len(authors)]})
	}
	if i%40 == 12 {
		f := &File{ID: fmt.Sprintf("F0CRW%06d", i), Team: st.SlackTeam, Name: fmt.Sprintf("set-%d.pdf", i%120+1), Size: int64(40_000 + i*37%900_000), User: who, Created: w.now()}
		f.Title = f.Name
		w.Files[f.ID], m.Files = f, []*File{f}
	}
	if i%50 == 21 {
		m.Edited = fmt.Sprintf("%d.000000", w.now().Unix())
	}
	return m
}

// said is one of the things that people say, with numbers of its own.
func said(i int, other string) string {
	set, count := i%120+1, i%64+1
	switch i / 2 % 12 {
	case 0:
		return fmt.Sprintf("Set %d reads well from the box. From the field it looks busy, see count %d.", set, count)
	case 1:
		return fmt.Sprintf("<@%s> can you look at set %d before the block? The *hinge* at count %d does not close.", other, set, count)
	case 2:
		return fmt.Sprintf("Notes of the block: <https://docs.fluxstudio.example/notes/%d?view=full&amp;set=%d|set %d>", 4000+i, set, set)
	case 3:
		return "ok"
	case 4:
		return fmt.Sprintf("• props to side 2\n• flags change at count %d\n• drums hold until set %d", count, set)
	case 5:
		return fmt.Sprintf("The version in <#C0SBX0010|tidal> is `r%d`, please do not draw on the older one.", 200+i%90)
	case 6:
		return fmt.Sprintf("I get a 6 to 5 step for the low brass between sets %d and %d, that is too much at this tempo. Could we give them eight counts more, or move the whole form two steps to the left?", set, set+1)
	case 7:
		return "Thanks :pray:"
	case 8:
		return fmt.Sprintf("Rough timing: intro 1:%02d, ballad 2:%02d, closer 2:%02d. We are %d s over.", i%60, i*7%60, i*11%60, i%25)
	case 9:
		return "Does anybody have the key of the trailer?"
	case 10:
		return fmt.Sprintf("Moved to Thursday 19:%02d, gym B. Bring the &lt;short&gt; flags.", i%6*10)
	}
	return fmt.Sprintf("_Draft_ of the music for set %d is up, ~no~ few changes since r%d.", set, 200+i%90)
}

// replies are what is said in threads.
func replies() []string {
	return []string{"On it.", "Agreed, eight counts would do.", "I would rather move the form, the counts are already tight.", "Done, see the new version.", "Thanks!", "Can we talk about it at the block?"}
}

// alert is what a bot says when something is wrong: mostly the same.
func alert(i int, watch *App) *Message {
	host := fmt.Sprintf("render-%02d", i/10%3+1)
	if i%10 == 7 {
		host = "render-01"
	}
	title := "[Triggered] Queue of " + host + " is older than 15 minutes"
	text, _ := json.Marshal([]map[string]any{{ // it is made of what JSON has
		"id": 1, "color": "a30200", "fallback": title, "title": title, "title_link": "https://watch.fluxstudio.example/monitors/71", "mrkdwn_in": []string{"text"},
		"text": "Jobs wait for `" + host + "`. Restart the worker, or ask in <#C0SBX0001|general>.", "footer": "Watchtower",
	}})
	return &Message{App: watch, Attachments: text}
}
