package sample

import (
	"strings"
	"time"
)

// table is the rows of one table, ready for COPY.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

func newTable(name, columns string) *table {
	return &table{name: name, columns: strings.Fields(columns)}
}

func (t *table) add(values ...any) { t.rows = append(t.rows, values) }

// company is what later tables need to know of earlier ones.
type company struct {
	calendar calendar
	tables   []*table
	people   []person
	studios  []organization
	clients  []organization
	teams    []team
	projects []project
	tasks    [][]task // by project
}

func (c *company) table(name, columns string) *table {
	t := newTable(name, columns)
	c.tables = append(c.tables, t)
	return t
}

// generate makes all rows. today moves the dates and nothing else.
func generate(today time.Time) []*table {
	c := &company{calendar: calendar{today}}
	c.makeOrganizations()
	c.makePeople()
	c.makeMemberships()
	c.makeTeams()
	c.makeProjects()
	c.makeTasks()
	c.writeProjects()
	c.makeFiles()
	c.makeMessages()
	c.makeTokens()
	return c.tables
}

func tableNames() []string {
	return []string{"organizations", "users", "organization_members", "teams", "team_members", "projects", "project_members",
		"tasks", "files", "messages", "oauth_tokens", "oauth_state_tokens", "refresh_tokens"}
}

// optional is v, or NULL.
func optional[T any](v T, present bool) any {
	if !present {
		return nil
	}
	return v
}

func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-") && b.Len() > 0:
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
