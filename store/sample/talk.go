package sample

import (
	"fmt"
	"strconv"
	"strings"
)

// period is the span of working days in which things happened in a project;
// ok is false where nothing can have happened yet.
func (p project) period() (from, to int, ok bool) {
	from, to = p.start, min(p.last(), p.due+10)
	if p.status == "planning" {
		from, to = -10, -1
	}
	return from, to, from <= to
}

func (c *company) makeFiles() {
	r := newRandom("files")
	rows := c.table("files", "id project_id task_id uploaded_by name category mime_type size_bytes version created_at")
	kinds := records("files")
	for i, p := range c.projects {
		from, to, ok := p.period()
		if !ok || p.status == "planning" {
			continue
		}
		for range r.between(4, 9) {
			t, kind := pick(r, c.tasks[i]), pick(r, kinds)
			name := slug(t.title) + "." + kind[1]
			usual, _ := strconv.Atoi(kind[3]) // the word list is fixed; a test reads every size
			day := r.between(from, to)
			for version := 1; version == 1 || version < 5 && r.percent(40) && day < to; version++ {
				size := usual/4 + r.low(0, usual*3)
				rows.add(id("file", len(rows.rows)), p.id, optional(t.id, r.percent(85)), c.people[pick(r, p.members).person].id,
					name, kind[0], kind[2], int64(size), version, c.calendar.at(day, r.below(600)))
				day = min(day+r.between(1, 6), to)
			}
		}
	}
}

func (c *company) makeMessages() {
	r := newRandom("messages")
	rows := c.table("messages", "id project_id task_id author_id reply_to content created_at edited_at")
	for i, p := range c.projects {
		from, to, ok := p.period()
		if !ok {
			continue
		}
		count := min(r.between(12, 70), 2*(to-from+1))
		days := make([]int, count)
		for k := range days {
			days[k] = from + (to-from)*k/count
		}
		c.converse(r, rows, i, days)
	}
}

// converse writes the messages of one project, in the order of time: the
// later ones may answer the earlier ones.
func (c *company) converse(r *random, rows *table, i int, days []int) {
	p, tasks := c.projects[i], c.tasks[i]
	openers, replies, movements := words("messages", ""), words("replies", ""), words("movements", "|")
	seconds, days5 := words("seconds", ""), []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}
	var said []int
	minute := 0
	for k, day := range days {
		minute = max(minute+1, r.below(480))
		if k == 0 || day != days[k-1] {
			minute = r.below(300)
		}
		texts, parent := openers, -1
		if len(said) > 0 && r.percent(34) {
			texts, parent = replies, said[max(0, len(said)-1-r.low(0, 3))]
		}
		t := pick(r, tasks)
		text := pick(r, texts)
		if r.percent(55) {
			text += " " + pick(r, seconds)
		}
		text = strings.NewReplacer("{task}", t.title, "{show}", p.show, "{movement}", pick(r, movements), "{day}", pick(r, days5),
			"{number}", strconv.Itoa(r.between(2, 48)), "{person}", firstName(c.people[pick(r, p.members).person])).Replace(text)
		n := len(rows.rows)
		at := c.calendar.at(day, min(minute, 570))
		rows.add(id("message", n), p.id, optional(t.id, parent < 0 && strings.Contains(text, t.title)), c.people[pick(r, p.members).person].id,
			optional(id("message", parent), parent >= 0), text, at, optional(c.calendar.at(day, 580+r.below(20)), r.percent(4)))
		said = append(said, n)
	}
}

func firstName(p person) string {
	name, _, _ := strings.Cut(p.name, " ")
	return name
}

// makeTokens fills the tables that nobody may read, so that a refusal has
// something to protect. The values say that they are fake.
func (c *company) makeTokens() {
	r := newRandom("tokens")
	tokens := c.table("oauth_tokens", `id user_id provider access_token refresh_token expires_at scope provider_user_id
		provider_username provider_email is_active last_used_at created_at updated_at`)
	states := c.table("oauth_state_tokens", "id user_id provider state_token code_challenge code_verifier redirect_uri scope expires_at used created_at")
	sessions := c.table("refresh_tokens", "id user_id token device_name device_fingerprint ip_address user_agent expires_at created_at last_used_at revoked_at")
	for n, p := range c.people {
		for _, provider := range []string{"figma", "slack", "github"} {
			if r.percent(18) {
				c.writeToken(r, tokens, p, provider, n)
			}
		}
		if r.percent(12) {
			day := -r.between(1, 20)
			at := c.calendar.at(day, r.below(600))
			states.add(id("state", n), p.id, "figma", fmt.Sprintf("FAKE-state-%04d", n), fmt.Sprintf("FAKE-challenge-%04d", n),
				fmt.Sprintf("FAKE-verifier-%04d", n), "https://fluxstudio.example/api/integrations/figma/callback", []string{"file_content:read"},
				at.Add(15*60e9), r.percent(80), at)
		}
		for device := range r.below(3) {
			day := -r.between(1, 7)
			revoked := r.percent(15)
			sessions.add(id("session", 10*n+device), p.id, fmt.Sprintf("FAKE-refresh-%04d-%d", n, device), pick(r, []string{"Laptop", "Phone", "Tablet"}),
				fmt.Sprintf("FAKE-device-%04d", r.below(10000)), fmt.Sprintf("192.0.2.%d", r.between(1, 254)), "Mozilla/5.0 (sample)",
				c.calendar.at(day+7, 0), c.calendar.at(day, r.below(300)), c.calendar.at(day, 300), optional(c.calendar.at(day, 400), revoked))
		}
	}
}

func (c *company) writeToken(r *random, rows *table, p person, provider string, n int) {
	created := -r.low(2, min(-p.joined+1, 200))
	handle := strings.ReplaceAll(slug(p.name), "-", ".")
	rows.add(id("token "+provider, n), p.id, provider, fmt.Sprintf("FAKE-%s-access-token-%04d", provider, n), fmt.Sprintf("FAKE-%s-refresh-token-%04d", provider, n),
		c.calendar.at(r.between(-3, 60), r.below(600)), []string{"read"}, fmt.Sprintf("%s-%06d", provider, n), handle, handle+"@"+p.home.domain,
		r.percent(90), c.calendar.at(r.between(created, -1), 400), c.calendar.at(created, r.below(300)), c.calendar.at(created, 300))
}
