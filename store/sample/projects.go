package sample

import (
	"fmt"
	"math"
	"strings"
)

const projectCount = 280

type project struct {
	id      uuid
	name    string
	status  string
	client  *organization
	team    *team
	members []member
	service []string // a record of words.txt: key, title, task titles
	show    string
	start   int // working days
	due     int
	ended   int     // completion or cancellation; 0: still going on
	hours   float64 // logged, filled in by makeTasks
	planned float64 // estimated, filled in by makeTasks
}

// last is the last working day on which something can have happened.
func (p project) last() int {
	if p.ended < 0 {
		return p.ended
	}
	return -1
}

type member struct {
	person int
	role   string
}

func (p project) withRole(roles string) []member {
	var list []member
	for _, m := range p.members {
		if strings.Contains(roles, m.role) {
			list = append(list, m)
		}
	}
	return list
}

// makeProjects lays out the projects; writeProjects follows when their tasks,
// and so their hours, are known.
func (c *company) makeProjects() {
	r := newRandom("projects")
	services, shows := records("services"), words("shows", "|")
	for n := range projectCount {
		p := project{id: id("project", n), status: weighted(r, "completed 46 active 36 planning 8 on-hold 5 cancelled 5")}
		p.service = pick(r, services)
		p.show = pick(r, shows)
		p.name = p.show + ": " + p.service[1]
		p.client = &c.clients[r.low(0, len(c.clients)-1)]
		p.team = c.teamFor(r, p.service[0])
		p.schedule(r)
		p.members = c.staff(r, p)
		c.projects = append(c.projects, p)
	}
}

// teamFor finds a team of the service's craft; the first studio gets most.
func (c *company) teamFor(r *random, service string) *team {
	crafts := map[string]string{"show-design": "Show Design", "drill": "Drill and Staging", "costume": "Costume Workshop",
		"floor-prop": "Floor and Props", "arranging": "Music and Arranging", "branding": "Brand Studio"}
	studio := r.low(0, len(c.studios)-1)
	for i := range c.teams {
		if c.teams[i].studio == &c.studios[studio] && c.teams[i].craft == crafts[service] {
			return &c.teams[i]
		}
	}
	return &c.teams[0]
}

// schedule sets dates that fit the status: one in six active projects is late.
func (p *project) schedule(r *random) {
	length := r.between(25, 95)
	switch p.status {
	case "planning":
		p.start = r.between(3, 40)
	case "active", "on-hold":
		p.start = -r.between(5, length-2)
		if r.percent(16) {
			p.start = -length - r.between(1, 14)
		}
	default:
		p.start = r.between(oldestDay+30, -length-15)
	}
	p.due = p.start + length
	switch p.status {
	case "completed":
		p.ended = min(p.due+r.between(-6, 9), -2)
	case "cancelled":
		p.ended = p.start + length/2
	}
}

// staff picks a manager, contributors of the team, a reviewer, and people of
// the client.
func (c *company) staff(r *random, p project) []member {
	var list []member
	for i, n := range choose(r, p.team.members, r.between(3, 8)) {
		role := "contributor"
		if i == 0 {
			role = "manager"
		} else if i > 2 && r.percent(25) {
			role = "reviewer"
		}
		list = append(list, member{n, role})
	}
	for i, n := range choose(r, p.client.people, r.between(1, 6)) {
		role := "viewer"
		if i == 0 {
			role = "reviewer"
		}
		list = append(list, member{n, role})
	}
	return list
}

func (c *company) writeProjects() {
	r := newRandom("project rows")
	rows := c.table("projects", `id name description slug organization_id team_id manager_id client_id status priority project_type
		service_category service_tier ensemble_type budget estimated_hours actual_hours start_date due_date completion_date
		metadata settings tags created_at updated_at`)
	members := c.table("project_members", "id project_id user_id role permissions hourly_rate joined_at is_active")
	slugs := map[string]int{}
	for _, p := range c.projects {
		name := slug(p.client.name + " " + p.name)
		if slugs[name]++; slugs[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, slugs[name])
		}
		c.writeProject(r, rows, p, strings.TrimPrefix(name, slug(p.client.name)+"-"))
		c.writeProjectMembers(r, members, p)
	}
}

func (c *company) writeProject(r *random, rows *table, p project, slug string) {
	tier := weighted(r, "foundation 3 standard 5 premium 2")
	ensemble := map[string]string{"school": "marching-band 7 winterguard 2 indoor-percussion 1", "college": "marching-band 9 indoor-percussion 1",
		"independent": "winterguard 4 indoor-percussion 4 drum-corps 3"}[p.client.kind]
	rate := map[string]float64{"foundation": 62, "standard": 84, "premium": 115}[tier]
	budget := math.Round(p.planned*rate*(0.9+float64(r.below(35))/100)/50) * 50
	created := p.start - r.between(4, 18)
	if created > -1 {
		created = -r.between(1, 12)
	}
	done := p.status == "completed"
	description := fmt.Sprintf("%s of the show %q for %s.", p.service[1], p.show, p.client.name)
	metadata := fmt.Sprintf(`{"performers": %d, "season": %q}`, r.between(24, 180), weighted(r, "fall 6 winter 3 summer 2"))
	tags := []string{p.service[0], tier}
	if r.percent(20) {
		tags = append(tags, "rush")
	}
	rows.add(p.id, p.name, description, slug, p.client.id, p.team.id, c.people[p.members[0].person].id,
		optional(c.people[p.withRole("reviewer viewer")[0].person].id, r.percent(95)), p.status,
		weighted(r, "low 15 medium 50 high 27 urgent 8"), weighted(r, "full-show 5 single-service 4 consultation 1"),
		p.service[0], tier, weighted(r, ensemble), budget, int(math.Round(p.planned)), int(math.Round(p.hours)),
		c.calendar.date(p.start), c.calendar.date(p.due), optional(c.calendar.date(p.ended), done),
		metadata, `{"notifications": true}`, tags, c.calendar.at(created, r.below(600)), c.calendar.at(max(created+1, p.last()), 599))
}

func (c *company) writeProjectMembers(r *random, rows *table, p project) {
	permissions := map[string]string{"manager": `["read", "write", "invite"]`, "contributor": `["read", "write"]`,
		"reviewer": `["read", "comment"]`, "viewer": `["read"]`}
	for _, m := range p.members {
		paid := c.people[m.person].kind != "client"
		joined := min(p.start+r.between(-3, 10), p.last())
		rows.add(id("project member", len(rows.rows)), p.id, c.people[m.person].id, m.role, permissions[m.role],
			optional(float64(r.between(9, 26)*5), paid), c.calendar.at(joined, r.below(600)), m.role == "manager" || r.percent(95))
	}
}
