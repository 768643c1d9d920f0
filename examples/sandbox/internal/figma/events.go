package figma

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/shelf"
)

// notify tells the webhooks of a file, its project and its team.
func (f *Figma) notify(n shelf.File, event string, about map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.webhooks {
		var in bool
		switch h.context {
		case "team":
			in = h.studio.Key == n.Studio
		case "project":
			in = h.contextID == n.Project
		default:
			in = h.contextID == n.Key
		}
		if in && h.event == event && h.status == "ACTIVE" {
			f.deliver(h, event, about)
		}
	}
}

// notifyComment tells of a comment. Its text is a list of fragments, and where
// it is pinned is not said.
func (f *Figma) notifyComment(n shelf.File, m *comment) {
	about := map[string]any{
		"file_key": n.Key, "file_name": n.Name, "comment": []any{map[string]any{"text": m.message}}, "comment_id": m.id, "mentions": []any{},
		"created_at": stamp(m.at), "triggered_by": plainUser(m.person),
	}
	if m.parent != "" {
		about["parent_id"] = m.parent
	} else {
		about["order_id"] = m.order
	}
	f.notify(n, "FILE_COMMENT", about)
}

// Delete removes a file, and says so.
func (f *Figma) Delete(key, person string) bool {
	n, ok := f.shelf.Remove(key)
	if !ok {
		return false
	}
	f.notify(n, "FILE_DELETE", map[string]any{"file_key": key, "file_name": n.Name, "triggered_by": plainUser(person)})
	return true
}

// deliver sends one event in the background. The caller holds mu.
func (f *Figma) deliver(h *webhook, event string, about map[string]any) {
	payload := map[string]any{"event_type": event, "timestamp": stamp(f.cfg.Now()), "webhook_id": h.id}
	maps.Copy(payload, about)
	f.resend(h, payload)
}

// resend sends a payload, again or for the first time. The caller holds mu.
func (f *Figma) resend(h *webhook, payload map[string]any) {
	s := request{id: f.nextID(), payload: payload, at: f.cfg.Now()}
	proved := maps.Clone(payload)
	proved["passcode"] = h.passcode
	body, err := json.Marshal(proved)
	if err != nil {
		return // it is made of what JSON has
	}
	d := hooks.Delivery{URL: h.endpoint, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
	f.cfg.Sender.Later(d, func(r hooks.Result) {
		f.mu.Lock()
		defer f.mu.Unlock()
		s.status, s.answer = r.Status, f.cfg.Now()
		if r.Status != http.StatusOK {
			s.trouble = "The endpoint did not answer 200"
		}
		if r.Status == http.StatusBadRequest {
			h.status = "PAUSED" // Figma takes it for a wrong passcode, and stops
		}
		h.sent = append(h.sent, s)
	})
}

// Redeliver sends again what did not get a 200, as Figma does after 5 min, 30
// min and 3 h; it returns how many.
func (f *Figma) Redeliver() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, h := range f.webhooks {
		for i := range len(h.sent) {
			if s := &h.sent[i]; s.status != http.StatusOK && !s.again && h.status == "ACTIVE" {
				s.again = true
				f.resend(h, s.payload)
				n++
			}
		}
	}
	return n
}
