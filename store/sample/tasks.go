package sample

import "strings"

type task struct {
	id      uuid
	title   string
	status  string
	start   int
	due     int
	created int
	done    int // working day; only where status is done
}

func (c *company) makeTasks() {
	r := newRandom("tasks")
	rows := c.table("tasks", `id project_id title status priority assigned_to created_by estimated_hours actual_hours
		start_date due_date completed_at position created_at updated_at`)
	movements := words("movements", "|")
	n := 0
	for i := range c.projects {
		p := &c.projects[i]
		var list []task
		for position, title := range titles(r, p.service[2:], movements) {
			t := p.plan(r, position)
			t.id, t.title = id("task", n), title
			n++
			c.writeTask(r, rows, p, t, position)
			list = append(list, t)
		}
		c.tasks = append(c.tasks, list)
	}
}

// titles are the service's tasks for some of the movements, in random order
// of work but each title once.
func titles(r *random, templates, movements []string) []string {
	var list []string
	seen := map[string]bool{}
	for range r.between(22, 48) {
		title := strings.ReplaceAll(pick(r, templates), "{movement}", pick(r, movements))
		if !seen[title] {
			seen[title] = true
			list = append(list, title)
		}
	}
	return list
}

// plan places a task in its project and gives it a status that fits.
func (p *project) plan(r *random, position int) task {
	length := p.due - p.start
	t := task{start: p.start + min(length*position/40+r.between(0, 6), length-2)}
	t.due = min(t.start+r.low(1, 14), p.due)
	t.created = min(t.start-r.between(0, 8), -1)
	switch {
	case p.status == "completed" || p.status == "cancelled":
		t.status = weighted(r, "done 96 cancelled 4")
		if p.status == "cancelled" && t.start >= p.ended-3 {
			t.status = "cancelled"
		}
	case t.start > -2:
		t.status = "todo"
	case t.due < 0:
		t.status = weighted(r, "done 84 in_progress 6 review 5 todo 3 cancelled 2")
	default:
		t.status = weighted(r, "done 14 in_progress 44 review 14 todo 28")
	}
	if t.status == "done" {
		t.done = max(t.start, min(t.due+r.between(-3, 4), p.last()))
	}
	return t
}

func (c *company) writeTask(r *random, rows *table, p *project, t task, position int) {
	estimated := float64(r.low(2, 40)) / 2
	logged := 0.0
	switch t.status {
	case "done", "review":
		logged = quarter(estimated * float64(r.between(60, 165)) / 100)
	case "in_progress":
		logged = quarter(estimated * float64(r.between(5, 80)) / 100)
	}
	p.planned += estimated
	p.hours += logged
	workers := p.withRole("manager contributor")
	unassigned := t.status == "todo" && r.percent(22) || t.status == "cancelled" && r.percent(50)
	changed := max(t.created, min(t.due, p.last()))
	if t.status == "done" {
		changed = max(changed, t.done)
	}
	rows.add(t.id, p.id, t.title, t.status, weighted(r, "low 18 medium 52 high 24 urgent 6"),
		optional(c.people[pick(r, workers).person].id, !unassigned), c.people[p.members[0].person].id, estimated, logged,
		c.calendar.date(t.start), c.calendar.date(t.due), optional(c.calendar.at(t.done, 60+r.below(520)), t.status == "done"),
		position+1, c.calendar.at(t.created, r.below(50)), c.calendar.at(changed, 599))
}

// quarter rounds down to quarters of an hour, as timesheets do.
func quarter(hours float64) float64 { return float64(int(hours*4)) / 4 }
