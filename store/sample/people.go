package sample

import (
	"fmt"
	"strings"
)

const (
	adminCount    = 8
	designerCount = 96
	clientCount   = 312
	oldestDay     = -520 // working days: two years
)

type organization struct {
	id     uuid
	name   string
	kind   string
	domain string
	people []int // indexes of company.people
}

type person struct {
	id     uuid
	name   string
	kind   string // client, designer or admin
	home   *organization
	joined int // working day
}

func (c *company) makeOrganizations() {
	for i, r := range records("studios") {
		c.studios = append(c.studios, organization{id: id("organization", i), name: r[0], kind: "studio", domain: r[1]})
	}
	for i, r := range records("clients") {
		c.clients = append(c.clients, organization{id: id("organization", 100+i), name: r[0], kind: r[1], domain: r[2]})
	}
}

func (c *company) makePeople() {
	r := newRandom("people")
	first, last := words("first", " "), words("last", " ")
	rows := c.table("users", `id email name password_hash user_type avatar_url phone timezone preferences oauth_provider oauth_id
		email_verified is_active last_login created_at updated_at`)
	taken := map[string]bool{}
	for n := range adminCount + designerCount + clientCount {
		p := person{id: id("user", n), kind: "client", joined: -r.low(1, -oldestDay)}
		p.home = &c.clients[r.low(0, len(c.clients)-1)]
		if i := n - adminCount - designerCount; i < 3*len(c.clients) {
			p.home = &c.clients[max(i, 0)%len(c.clients)] // nobody is without three people
		}
		if n < adminCount+designerCount {
			p.kind, p.home = "designer", &c.studios[r.low(0, len(c.studios)-1)]
		}
		if n < adminCount {
			p.kind, p.home, p.joined = "admin", &c.studios[n%len(c.studios)], oldestDay+n
		}
		for p.name == "" || taken[p.name] {
			p.name = pick(r, first) + " " + pick(r, last)
		}
		taken[p.name] = true
		p.home.people = append(p.home.people, n)
		c.people = append(c.people, p)
		c.writePerson(r, rows, p, n)
	}
}

func (c *company) writePerson(r *random, rows *table, p person, n int) {
	email := strings.ReplaceAll(slug(p.name), "-", ".") + "@" + p.home.domain
	active := r.percent(94)
	google := r.percent(35)
	lastLogin := -min(r.low(1, -p.joined), r.low(1, -p.joined), r.low(1, 60))
	lastLogin = max(lastLogin, p.joined)
	preferences := fmt.Sprintf(`{"theme": %q, "digest": %q}`, weighted(r, "light 6 dark 4"), weighted(r, "daily 5 weekly 3 off 2"))
	zone := weighted(r, "America/New_York 45 America/Chicago 25 America/Los_Angeles 15 America/Denver 10 Europe/London 5")
	avatar := fmt.Sprintf("https://avatars.fluxstudio.example/%s.png", slug(p.name))
	phone := fmt.Sprintf("+1-555-%04d", 100+r.below(9900)) // 555: numbers nobody has
	rows.add(p.id, email, p.name, fmt.Sprintf("fake-hash-of-nothing-%04d", n), p.kind,
		optional(avatar, r.percent(70)), optional(phone, r.percent(55)), zone, preferences,
		optional("google", google), optional(fmt.Sprintf("sample-google-%06d", n), google),
		r.percent(92), active, optional(c.calendar.at(lastLogin, 300+r.below(300)), r.percent(96)),
		c.calendar.at(p.joined, r.below(300)), c.calendar.at(lastLogin, 300))
}

// makeMemberships writes organizations and who belongs to them. Some clients
// also help out at a second organization.
func (c *company) makeMemberships() {
	r := newRandom("memberships")
	orgs := c.table("organizations", "id name slug type created_by created_at updated_at")
	members := c.table("organization_members", "id organization_id user_id role is_active joined_at")
	for _, list := range [][]organization{c.studios, c.clients} {
		for _, o := range list {
			founder := c.people[o.people[0]]
			founded := c.calendar.at(oldestDay-r.between(5, 60), r.below(600))
			orgs.add(o.id, o.name, slug(o.name), o.kind, founder.id, founded, founded)
			for i, n := range o.people {
				role := "member"
				if i == 0 {
					role = "owner"
				} else if r.percent(10) {
					role = "admin"
				}
				c.writeMembership(r, members, o, n, role)
			}
		}
	}
	for n, p := range c.people {
		other := pick(r, c.clients)
		if p.kind == "client" && other.id != p.home.id && r.percent(9) {
			c.writeMembership(r, members, other, n, "member")
		}
	}
}

func (c *company) writeMembership(r *random, members *table, o organization, n int, role string) {
	joined := c.calendar.at(r.between(c.people[n].joined, -1), 300+r.below(300))
	members.add(id("membership", len(members.rows)), o.id, c.people[n].id, role, role == "owner" || r.percent(93), joined)
}

type team struct {
	id      uuid
	craft   string
	studio  *organization
	members []int // indexes of company.people, the lead first
}

func (c *company) makeTeams() {
	r := newRandom("teams")
	teams := c.table("teams", "id organization_id name description created_at")
	members := c.table("team_members", "id team_id user_id role joined_at")
	for i := range c.studios {
		studio := &c.studios[i]
		for _, craft := range words("teams", "|") {
			t := team{id: id("team", len(c.teams)), craft: craft, studio: studio}
			t.members = choose(r, studio.people, r.between(5, 11))
			teams.add(t.id, studio.id, craft, craft+" at "+studio.name, c.calendar.at(oldestDay-r.between(1, 5), r.below(600)))
			for j, n := range t.members {
				role := weighted(r, "member 9 viewer 1")
				if j == 0 {
					role = "lead"
				}
				joined := r.between(c.people[n].joined, -1)
				members.add(id("team member", len(members.rows)), t.id, c.people[n].id, role, c.calendar.at(joined, 300+r.below(300)))
			}
			c.teams = append(c.teams, t)
		}
	}
}

// choose takes n different elements, or all there are.
func choose(r *random, from []int, n int) []int {
	shuffled := append([]int(nil), from...)
	for i := len(shuffled) - 1; i > 0; i-- {
		j := r.below(i + 1)
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	return shuffled[:min(n, len(shuffled))]
}
