package figma

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
)

// Source: https://developers.figma.com/docs/rest-api/webhooks/
const (
	maxPasscode = 100
	maxEndpoint = 2048
	maxAbout    = 150
	logLife     = 7 * 24 * time.Hour
)

// webhook is a subscription.
type webhook struct {
	id, event, context, contextID string
	studio                        company.Studio
	endpoint, passcode            string
	status                        string // ACTIVE or PAUSED
	about                         any    // string or nil
	client                        any    // likewise
	sent                          []request
}

// request is one delivery.
type request struct {
	id      string
	payload map[string]any
	at      time.Time
	status  int // 0: no answer
	answer  time.Time
	trouble any  // string or nil
	again   bool // it was sent once more
}

// shownHook never has the passcode: Figma gives it back empty.
func shownHook(h *webhook) map[string]any {
	team := ""
	if h.context == "team" {
		team = h.contextID
	}
	return map[string]any{
		"id": h.id, "event_type": h.event, "team_id": team, "context": h.context, "context_id": h.contextID, "plan_api_id": h.studio.FigmaPlan,
		"status": h.status, "client_id": h.client, "passcode": "", "endpoint": h.endpoint, "description": h.about,
	}
}

// newHook is what POST and PUT take; nil members of PUT stay.
type newHook struct {
	Event       *string `json:"event_type"`
	Context     string  `json:"context"`
	ContextID   string  `json:"context_id"`
	Team        string  `json:"team_id"`
	Endpoint    *string `json:"endpoint"`
	Passcode    *string `json:"passcode"`
	Status      *string `json:"status"`
	Description *string `json:"description"`
}

func events() []string {
	return []string{"PING", "FILE_UPDATE", "FILE_VERSION_UPDATE", "FILE_DELETE", "LIBRARY_PUBLISH", "FILE_COMMENT", "DEV_MODE_STATUS_UPDATE"}
}

// trouble is what is wrong with the members that are there.
func (in newHook) trouble() string {
	long := func(s *string, most int) bool { return s != nil && len(*s) > most }
	switch {
	case in.Event != nil && !slices.Contains(events(), *in.Event):
		return "Invalid event_type"
	case in.Status != nil && *in.Status != "ACTIVE" && *in.Status != "PAUSED":
		return "Invalid status"
	case long(in.Endpoint, maxEndpoint), in.Endpoint != nil && hooks.Check(*in.Endpoint) != nil:
		return "Invalid endpoint: the sandbox sends to loopback addresses alone"
	case long(in.Passcode, maxPasscode):
		return "Passcode must be at most 100 characters"
	case long(in.Description, maxAbout):
		return "Description must be at most 150 characters"
	}
	return ""
}

func (c *call) decode(in *newHook) bool {
	if json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<16)).Decode(in) != nil {
		c.fail(http.StatusBadRequest, "Invalid JSON")
		return false
	}
	if text := in.trouble(); text != "" {
		c.fail(http.StatusBadRequest, text)
		return false
	}
	return true
}

// postWebhook answers POST /v2/webhooks and sends a PING.
func (c *call) postWebhook() {
	var in newHook
	if !c.decode(&in) {
		return
	}
	if in.Context == "" && in.Team != "" {
		in.Context, in.ContextID = "team", in.Team
	}
	if in.Event == nil || in.Endpoint == nil || in.Passcode == nil || in.Context == "" || in.ContextID == "" {
		c.fail(http.StatusBadRequest, "Parameters event_type, endpoint, passcode, context and context_id are required")
		return
	}
	h := &webhook{event: *in.Event, context: in.Context, contextID: in.ContextID, studio: c.studio, endpoint: *in.Endpoint, passcode: *in.Passcode, status: "ACTIVE"}
	if c.token.Holder.Kind == user {
		h.client, _ = c.issuer.Client()
	}
	if in.Status != nil {
		h.status = *in.Status
	}
	if in.Description != nil {
		h.about = *in.Description
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mayWatch(h) {
		return
	}
	h.id = c.nextID()
	c.webhooks = append(c.webhooks, h)
	if h.status == "ACTIVE" {
		c.deliver(h, "PING", nil)
	}
	c.created(h, *in.Passcode)
}

// created shows a webhook with its passcode, as only its making does.
func (c *call) created(h *webhook, passcode string) {
	body := shownHook(h)
	body["passcode"] = passcode
	c.ok(body)
}

// mayWatch checks whose the context is, and how many webhooks it has. The
// caller holds mu.
func (c *call) mayWatch(h *webhook) bool {
	limits := map[string]int{"team": 20, "project": 5, "file": 3}
	most, known := limits[h.context]
	if !known {
		c.fail(http.StatusBadRequest, "Invalid context")
		return false
	}
	if !c.owns(h.context, h.contextID) || h.context == "team" && !c.person.Admin {
		c.fail(http.StatusForbidden, "Access denied")
		return false
	}
	n := 0
	for _, o := range c.webhooks {
		if o.context == h.context && o.contextID == h.contextID {
			n++
		}
	}
	if n >= most {
		c.fail(http.StatusBadRequest, fmt.Sprintf("A %s can have at most %d webhooks", h.context, most))
		return false
	}
	return true
}

// owns reports whether the person's studio has that context. The caller holds mu.
func (c *call) owns(context, id string) bool {
	switch context {
	case "team":
		return id == c.studio.FigmaTeam
	case "project":
		return slices.ContainsFunc(company.ProjectsOf(c.studio.Key), func(p company.Project) bool { return p.FigmaID == id })
	default:
		n, ok := c.shelf.File(id)
		return ok && n.Studio == c.studio.Key
	}
}

// hook calls do with the webhook of the path, holding mu.
func (c *call) hook(do func(int, *webhook)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, h := range c.webhooks {
		if h.id == c.r.PathValue("webhook") && h.studio.Key == c.studio.Key {
			do(i, h)
			return
		}
	}
	c.missing()
}

func (c *call) getWebhook() { c.hook(func(_ int, h *webhook) { c.ok(shownHook(h)) }) }

func (c *call) putWebhook() {
	var in newHook
	if !c.decode(&in) {
		return
	}
	c.hook(func(_ int, h *webhook) {
		for _, m := range []struct {
			to   *string
			from *string
		}{{&h.event, in.Event}, {&h.endpoint, in.Endpoint}, {&h.passcode, in.Passcode}, {&h.status, in.Status}} {
			if m.from != nil {
				*m.to = *m.from
			}
		}
		if in.Description != nil {
			h.about = *in.Description
		}
		c.created(h, h.passcode)
	})
}

func (c *call) deleteWebhook() {
	c.hook(func(i int, h *webhook) {
		c.webhooks = slices.Delete(c.webhooks, i, i+1)
		c.ok(shownHook(h))
	})
}

// webhookRequests answers GET /v2/webhooks/:id/requests, the newest first.
func (c *call) webhookRequests() {
	c.hook(func(_ int, h *webhook) {
		rows := []any{}
		for _, s := range slices.Backward(h.sent) {
			if c.cfg.Now().Sub(s.at) > logLife {
				break
			}
			row := map[string]any{
				"webhook_id": h.id, "error_msg": s.trouble, "response_info": nil,
				"request_info": map[string]any{"id": s.id, "endpoint": h.endpoint, "payload": s.payload, "sent_at": stamp(s.at)},
			}
			if s.status != 0 {
				row["response_info"] = map[string]any{"status": strconv.Itoa(s.status), "received_at": stamp(s.answer)}
			}
			rows = append(rows, row)
		}
		c.ok(map[string]any{"requests": rows})
	})
}

// listWebhooks answers GET /v2/webhooks by context or by plan.
func (c *call) listWebhooks() {
	context, id, plan := c.r.FormValue("context"), c.r.FormValue("context_id"), c.r.FormValue("plan_api_id")
	if (context == "" || id == "") && plan == "" {
		c.fail(http.StatusBadRequest, "Parameters context and context_id, or plan_api_id, are required")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if plan != "" && plan != c.studio.FigmaPlan || plan == "" && !c.owns(context, id) {
		c.fail(http.StatusForbidden, "Access denied")
		return
	}
	rows := []any{}
	for _, h := range c.webhooks {
		if h.studio.Key == c.studio.Key && (plan != "" || h.context == context && h.contextID == id) {
			rows = append(rows, shownHook(h))
		}
	}
	c.ok(map[string]any{"webhooks": rows, "pagination": map[string]any{}})
}

// teamWebhooks answers the deprecated GET /v2/teams/:id/webhooks.
func (c *call) teamWebhooks() {
	if !c.member() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := []any{}
	for _, h := range c.webhooks {
		if h.context == "team" && h.contextID == c.studio.FigmaTeam {
			rows = append(rows, shownHook(h))
		}
	}
	c.ok(map[string]any{"webhooks": rows})
}
