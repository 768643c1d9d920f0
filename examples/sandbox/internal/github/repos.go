package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

// repo is a repository of a studio, which its people may write to.
type repo struct {
	id          int64
	owner, name string
	studio      string // Key
	about       string
	issues      []*issue
	hooks       []*hook
}

type issue struct {
	id          int64
	number      int
	title, body string
	state       string
	person      string // Key
	labels      []string
	at          time.Time
}

// fill makes the repositories of the studios' projects.
func (g *GitHub) fill() {
	for i, p := range company.Projects() {
		var owner string
		for _, st := range company.Studios() {
			if st.Key == p.Studio {
				owner = st.GitHubOrg
			}
		}
		r := &repo{id: int64(7000001 + i), owner: owner, name: p.Key, studio: p.Studio, about: p.Name + " for " + p.Client}
		for j, title := range []string{"Export the coordinate sheets as SVG", "Timing sheet: counts of the ballad are off by eight", "Color check of the tarp proof"} {
			g.open(r, title, "Seen in the latest pass.", p.Lead, nil, g.cfg.Now().Add(-time.Duration(72-20*j)*time.Hour))
		}
		r.issues[0].state = "closed"
		g.repos = append(g.repos, r)
	}
}

// open adds an issue. The caller holds mu, or nobody else knows g yet.
func (g *GitHub) open(r *repo, title, body, person string, labels []string, at time.Time) *issue {
	g.serial++
	n := &issue{id: g.serial, number: len(r.issues) + 1, title: title, body: body, state: "open", person: person, labels: labels, at: at}
	r.issues = append(r.issues, n)
	return n
}

func shownRepo(r *repo) map[string]any {
	return map[string]any{
		"id": r.id, "name": r.name, "full_name": r.owner + "/" + r.name, "private": true, "description": r.about, "default_branch": "main",
		"owner": map[string]any{"login": r.owner, "type": "Organization"}, "html_url": "https://github.com/" + r.owner + "/" + r.name,
		"permissions": map[string]any{"admin": true, "push": true, "pull": true}, "open_issues_count": r.count("open"),
	}
}

func (r *repo) count(state string) (n int) {
	for _, i := range r.issues {
		if i.state == state {
			n++
		}
	}
	return n
}

func shownIssue(r *repo, i *issue) map[string]any {
	p, _ := company.ByKey(i.person)
	labels := []any{}
	for _, l := range i.labels {
		labels = append(labels, map[string]any{"name": l})
	}
	return map[string]any{
		"id": i.id, "number": i.number, "title": i.title, "body": i.body, "state": i.state, "user": shownUser(p), "labels": labels, "comments": 0,
		"created_at": stamp(i.at), "updated_at": stamp(i.at), "html_url": fmt.Sprintf("https://github.com/%s/%s/issues/%d", r.owner, r.name, i.number),
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// listRepos answers GET /user/repos. Private ones need the scope repo.
func (c *call) listRepos() {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := []any{}
	for _, r := range c.repos {
		if r.studio == c.person.Studio && c.private() {
			rows = append(rows, shownRepo(r))
		}
	}
	c.page(rows)
}

// private reports whether the token opens private repositories.
func (c *call) private() bool {
	return c.token.Holder.Kind == kindApp || slices.Contains(c.token.Scopes, "repo")
}

// in calls do with the repository of the path, holding mu.
func (c *call) in(do func(*repo)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.repos {
		if strings.EqualFold(r.owner, c.r.PathValue("owner")) && strings.EqualFold(r.name, c.r.PathValue("repo")) && r.studio == c.person.Studio && c.private() {
			do(r)
			return
		}
	}
	fail(c.w, http.StatusNotFound, "Not Found")
}

func (c *call) getRepo() { c.in(func(r *repo) { write(c.w, http.StatusOK, shownRepo(r)) }) }

// listIssues answers the newest first.
func (c *call) listIssues() {
	c.in(func(r *repo) {
		state := c.r.FormValue("state")
		if state == "" {
			state = "open"
		}
		rows := []any{}
		for _, i := range slices.Backward(r.issues) {
			if state == "all" || i.state == state {
				rows = append(rows, shownIssue(r, i))
			}
		}
		c.page(rows)
	})
}

func (c *call) getIssue() {
	c.in(func(r *repo) {
		n, err := strconv.Atoi(c.r.PathValue("number"))
		if err != nil || n < 1 || n > len(r.issues) {
			fail(c.w, http.StatusNotFound, "Not Found")
			return
		}
		write(c.w, http.StatusOK, shownIssue(r, r.issues[n-1]))
	})
}

// createIssue answers POST …/issues, and tells the hooks.
func (c *call) createIssue() {
	var in struct {
		Title, Body string
		Labels      []string
	}
	if json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20)).Decode(&in) != nil {
		fail(c.w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	if strings.TrimSpace(in.Title) == "" {
		fail(c.w, http.StatusUnprocessableEntity, "Validation Failed")
		return
	}
	c.in(func(r *repo) {
		i := c.open(r, in.Title, in.Body, c.person.Key, in.Labels, c.cfg.Now())
		c.tell(r, "issues", map[string]any{"action": "opened", "issue": shownIssue(r, i), "repository": shownRepo(r), "sender": shownUser(c.person)})
		write(c.w, http.StatusCreated, shownIssue(r, i))
	})
}

// page answers a part of rows, with the Link header of the others.
func (c *call) page(rows []any) {
	number := func(name string, otherwise, most int) int {
		n, err := strconv.Atoi(c.r.FormValue(name))
		if err != nil || n < 1 {
			n = otherwise
		}
		return min(n, most)
	}
	size, at := number("per_page", 30, 100), number("page", 1, 1000)
	from := min((at-1)*size, len(rows))
	to := min(from+size, len(rows))
	var links []string
	if to < len(rows) {
		links = append(links, c.link("page", strconv.Itoa(at+1), "next"))
	}
	if at > 1 {
		links = append(links, c.link("page", strconv.Itoa(at-1), "prev"))
	}
	if links != nil {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
	write(c.w, http.StatusOK, append([]any{}, rows[from:to]...))
}

func (c *call) link(name, value, rel string) string {
	q := url.Values{}
	for k, v := range c.r.URL.Query() {
		q[k] = v
	}
	q.Set(name, value)
	return "<" + c.cfg.Base(c.r) + c.r.URL.Path + "?" + q.Encode() + `>; rel="` + rel + `"`
}
