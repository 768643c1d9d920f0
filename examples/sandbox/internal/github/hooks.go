package github

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
)

// hook is a webhook of a repository.
type hook struct {
	id          int64
	url, secret string
	kind        string // content type: json or form
	events      []string
	active      bool
	at          time.Time
	sent        []delivery
}

// delivery is one attempt. Attempts of one event have the same guid.
type delivery struct {
	id          int64
	guid, event string
	again       bool
	payload     []byte
	at          time.Time
	took        time.Duration
	status      int // 0: no answer
}

// newHook is what POST and PATCH take; nil members of PATCH stay.
type newHook struct {
	Name   string
	Active *bool
	Events []string
	Config struct {
		URL         *string
		Secret      *string
		ContentType *string `json:"content_type"`
	}
}

func shownHook(h *hook) map[string]any {
	config := map[string]any{"url": h.url, "content_type": h.kind, "insecure_ssl": "0"}
	if h.secret != "" {
		config["secret"] = "********"
	}
	return map[string]any{"id": h.id, "type": "Repository", "name": "web", "active": h.active, "events": h.events, "config": config, "created_at": stamp(h.at), "updated_at": stamp(h.at)}
}

// change applies in; it answers where that cannot be.
func (c *call) change(h *hook, in newHook) bool {
	for _, m := range []struct{ to, from *string }{{&h.url, in.Config.URL}, {&h.secret, in.Config.Secret}, {&h.kind, in.Config.ContentType}} {
		if m.from != nil {
			*m.to = *m.from
		}
	}
	if in.Active != nil {
		h.active = *in.Active
	}
	if in.Events != nil {
		h.events = in.Events
	}
	if hooks.Check(h.url) != nil || h.kind != "json" && h.kind != "form" {
		fail(c.w, http.StatusUnprocessableEntity, "Validation Failed: the sandbox sends to loopback addresses alone, as json or form")
		return false
	}
	return true
}

func (c *call) decode(in *newHook) bool {
	if json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<16)).Decode(in) != nil {
		fail(c.w, http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	return true
}

// createHook answers POST …/hooks and sends a ping.
func (c *call) createHook() {
	var in newHook
	if !c.decode(&in) {
		return
	}
	c.in(func(r *repo) {
		h := &hook{kind: "form", events: []string{"push"}, active: true, at: c.cfg.Now()}
		if !c.change(h, in) {
			return
		}
		if slices.ContainsFunc(r.hooks, func(o *hook) bool { return o.url == h.url && slices.Equal(o.events, h.events) }) {
			fail(c.w, http.StatusUnprocessableEntity, "Validation Failed: Hook already exists on this repository")
			return
		}
		c.serial++
		h.id = c.serial
		r.hooks = append(r.hooks, h)
		c.ping(r, h)
		write(c.w, http.StatusCreated, shownHook(h))
	})
}

func (c *call) listHooks() {
	c.in(func(r *repo) {
		rows := []any{}
		for _, h := range r.hooks {
			rows = append(rows, shownHook(h))
		}
		c.page(rows)
	})
}

// hooked calls do with the hook of the path, holding mu.
func (c *call) hooked(do func(*repo, *hook)) {
	c.in(func(r *repo) {
		for _, h := range r.hooks {
			if strconv.FormatInt(h.id, 10) == c.r.PathValue("hook") {
				do(r, h)
				return
			}
		}
		fail(c.w, http.StatusNotFound, "Not Found")
	})
}

func (c *call) getHook() {
	c.hooked(func(_ *repo, h *hook) { write(c.w, http.StatusOK, shownHook(h)) })
}

func (c *call) updateHook() {
	var in newHook
	if !c.decode(&in) {
		return
	}
	c.hooked(func(_ *repo, h *hook) {
		to := *h
		if c.change(&to, in) {
			*h = to
			write(c.w, http.StatusOK, shownHook(h))
		}
	})
}

func (c *call) deleteHook() {
	c.hooked(func(r *repo, h *hook) {
		r.hooks = slices.DeleteFunc(r.hooks, func(o *hook) bool { return o == h })
		c.w.WriteHeader(http.StatusNoContent)
	})
}

func (c *call) pingHook() {
	c.hooked(func(r *repo, h *hook) {
		c.ping(r, h)
		c.w.WriteHeader(http.StatusNoContent)
	})
}

func (g *GitHub) ping(r *repo, h *hook) {
	g.deliver(h, "ping", map[string]any{"zen": "Design for failure.", "hook_id": h.id, "hook": shownHook(h), "repository": shownRepo(r)})
}

func shownDelivery(d delivery) map[string]any {
	status := "OK"
	if d.status < 200 || d.status > 299 {
		status = "Invalid HTTP Response: " + strconv.Itoa(d.status)
	}
	return map[string]any{
		"id": d.id, "guid": d.guid, "delivered_at": d.at.UTC().Format(time.RFC3339), "redelivery": d.again, "duration": d.took.Seconds(), "status": status,
		"status_code": d.status, "event": d.event, "action": nil, "installation_id": nil, "repository_id": nil, "throttled_at": nil,
	}
}

// listDeliveries answers the newest first, paged by a cursor: the id of the
// first one of the page.
func (c *call) listDeliveries() {
	c.hooked(func(_ *repo, h *hook) {
		size, err := strconv.Atoi(c.r.FormValue("per_page"))
		if err != nil || size < 1 || size > 100 {
			size = 30
		}
		cursor, _ := strconv.ParseInt(c.r.FormValue("cursor"), 10, 64)
		rows := []any{}
		for _, d := range slices.Backward(h.sent) {
			if cursor != 0 && d.id > cursor {
				continue
			}
			if len(rows) == size {
				c.w.Header().Set("Link", c.link("cursor", strconv.FormatInt(d.id, 10), "next"))
				break
			}
			rows = append(rows, shownDelivery(d))
		}
		write(c.w, http.StatusOK, rows)
	})
}

// delivered calls do with the delivery of the path, holding mu.
func (c *call) delivered(do func(*hook, delivery)) {
	c.hooked(func(_ *repo, h *hook) {
		for _, d := range h.sent {
			if strconv.FormatInt(d.id, 10) == c.r.PathValue("delivery") {
				do(h, d)
				return
			}
		}
		fail(c.w, http.StatusNotFound, "Not Found")
	})
}

func (c *call) getDelivery() {
	c.delivered(func(_ *hook, d delivery) {
		a := shownDelivery(d)
		a["request"] = map[string]any{"headers": map[string]any{"X-GitHub-Delivery": d.guid, "X-GitHub-Event": d.event}, "payload": json.RawMessage(d.payload)}
		a["response"] = map[string]any{"headers": map[string]any{}, "payload": ""}
		write(c.w, http.StatusOK, a)
	})
}

// redeliver answers POST …/attempts: the same event once more, with its guid.
func (c *call) redeliver() {
	c.delivered(func(h *hook, d delivery) {
		c.attempt(h, delivery{guid: d.guid, event: d.event, payload: d.payload, again: true})
		write(c.w, http.StatusAccepted, map[string]any{})
	})
}

// Emit sends an event of a repository to its hooks; ok is false where there is
// no such repository. GitHub does not try again by itself.
func (g *GitHub) Emit(owner, name, event string, payload map[string]any) (ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.repos {
		if r.owner == owner && r.name == name {
			body := map[string]any{"repository": shownRepo(r)}
			for k, v := range payload {
				body[k] = v
			}
			g.tell(r, event, body)
			return true
		}
	}
	return false
}

// tell sends an event to the hooks that want it. The caller holds mu.
func (g *GitHub) tell(r *repo, event string, payload map[string]any) {
	for _, h := range r.hooks {
		if h.active && (slices.Contains(h.events, event) || slices.Contains(h.events, "*")) {
			g.deliver(h, event, payload)
		}
	}
}

func (g *GitHub) deliver(h *hook, event string, payload map[string]any) {
	body, err := json.Marshal(payload)
	if err != nil {
		return // it is made of what JSON has
	}
	g.attempt(h, delivery{guid: guid(), event: event, payload: body})
}

// guid is a random UUID.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// attempt sends in the background. The caller holds mu.
func (g *GitHub) attempt(h *hook, d delivery) {
	g.serial++
	d.id, d.at = g.serial, g.cfg.Now()
	body, kind := d.payload, "application/json"
	if h.kind == "form" {
		body, kind = []byte("payload="+url.QueryEscape(string(d.payload))), "application/x-www-form-urlencoded"
	}
	head := http.Header{"Content-Type": {kind}, "User-Agent": {"GitHub-Hookshot/sandbox"}}
	head.Set("X-GitHub-Event", d.event)
	head.Set("X-GitHub-Delivery", d.guid)
	head.Set("X-GitHub-Hook-ID", strconv.FormatInt(h.id, 10))
	if h.secret != "" {
		head.Set("X-Hub-Signature-256", hooks.SignGitHub(h.secret, body))
	}
	g.cfg.Sender.Later(hooks.Delivery{URL: h.url, Header: head, Body: body}, func(r hooks.Result) {
		g.mu.Lock()
		defer g.mu.Unlock()
		d.status, d.took = r.Status, r.Took
		i, _ := slices.BinarySearchFunc(h.sent, d.id, func(o delivery, id int64) int { return int(o.id - id) })
		h.sent = slices.Insert(h.sent, i, d)
	})
}
