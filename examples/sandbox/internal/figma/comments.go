package figma

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/shelf"
)

// comment is one comment. Replies have parent, roots have order.
type comment struct {
	id, parent, order string
	person, message   string
	place             any // client_meta
	at                time.Time
	resolved          time.Time // zero: open
	reactions         []reaction
}

type reaction struct {
	person, emoji string
	at            time.Time
}

// firstComments are there from the start.
func (f *Figma) firstComments() {
	say := func(key, node, person, text, parent string, ago time.Duration) *comment {
		c := &comment{id: f.nextID(), parent: parent, person: person, message: text, at: f.cfg.Now().Add(-ago), place: map[string]any{"x": 0.0, "y": 0.0}}
		if parent == "" {
			c.order = strconv.Itoa(len(f.comments[key]) + 1)
			n, _ := f.shelf.File(key)
			d, _ := n.Drawing("")
			c.place = map[string]any{"node_id": d.Named(node)["id"], "node_offset": map[string]any{"x": 24.0, "y": 24.0}}
		}
		f.comments[key] = append(f.comments[key], c)
		return c
	}
	const tidal, brand = shelf.Tidal, shelf.Solstice
	ballad := say(tidal, design.TimingSheet, "fatima.yates", "The ballad still feels a few counts short. Can we give it eight more?", "", 50*time.Hour)
	say(tidal, design.TimingSheet, "theo.norris", "Agreed, I will try it in the next pass.", ballad.id, 49*time.Hour)
	warm := say(tidal, design.Cover, "caleb.ochoa", "The directors asked for a warmer palette on the cover.", "", 30*time.Hour)
	warm.reactions = []reaction{{"theo.norris", ":eyes:", f.cfg.Now().Add(-29 * time.Hour)}}
	moon := say(tidal, design.Cover, "kofi.larsen", "Is the moon still in? It is not on the prop list.", "", 100*time.Hour)
	moon.resolved = f.cfg.Now().Add(-90 * time.Hour)
	say(brand, design.Shirt, "yuki.zamora", "Print proof arrived, colors are close. Slightly too magenta on the left third.", "", 26*time.Hour)
	say(brand, design.SocialTiles, "caleb.ochoa", "Could someone export these again? The second one is missing.", "", 5*time.Hour)
}

// nextID is one that nothing else has. The caller holds mu, or nobody else knows f yet.
func (f *Figma) nextID() string {
	f.serial++
	return strconv.FormatInt(f.serial, 10)
}

func (c *call) shown(key string, m *comment) map[string]any {
	row := map[string]any{
		"id": m.id, "file_key": key, "parent_id": m.parent, "user": c.userOf(m.person), "created_at": stamp(m.at), "resolved_at": nil,
		"message": m.message, "client_meta": m.place, "order_id": nil, "reactions": c.reactions(m),
	}
	if m.order != "" {
		row["order_id"] = m.order
	}
	if !m.resolved.IsZero() {
		row["resolved_at"] = stamp(m.resolved)
	}
	return row
}

func (c *call) reactions(m *comment) []any {
	list := []any{}
	for _, r := range m.reactions {
		list = append(list, map[string]any{"user": c.userOf(r.person), "emoji": r.emoji, "created_at": stamp(r.at)})
	}
	return list
}

// listComments answers GET …/comments.
func (c *call) listComments() {
	n, ok := c.visible()
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := []any{}
	for _, m := range c.comments[n.Key] {
		rows = append(rows, c.shown(n.Key, m))
	}
	c.ok(map[string]any{"comments": rows})
}

// newComment is what POST …/comments takes.
type newComment struct {
	Message   string         `json:"message"`
	CommentID string         `json:"comment_id"`
	Place     map[string]any `json:"client_meta"`
}

// postComment answers POST …/comments. A reply needs a root comment.
func (c *call) postComment() {
	n, ok := c.visible()
	if !ok {
		return
	}
	var in newComment
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20)).Decode(&in); err != nil {
		c.fail(http.StatusBadRequest, "Invalid JSON")
		return
	}
	m := &comment{person: c.person.Key, message: in.Message, at: c.cfg.Now(), place: map[string]any{"x": 0.0, "y": 0.0}}
	if trouble := c.add(n, in, m); trouble != "" {
		c.fail(http.StatusBadRequest, trouble)
		return
	}
	c.notifyComment(n, m)
	c.ok(c.shown(n.Key, m))
}

// add keeps m, or says why it cannot.
func (c *call) add(n shelf.File, in newComment, m *comment) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if trouble := c.pin(n, in, m); trouble != "" {
		return trouble
	}
	m.id = c.nextID()
	c.comments[n.Key] = append(c.comments[n.Key], m)
	return ""
}

// pin finds the place of m, or says why there is none. The caller holds mu.
func (c *call) pin(n shelf.File, in newComment, m *comment) string {
	if strings.TrimSpace(in.Message) == "" {
		return "Parameter message is required"
	}
	if in.CommentID != "" {
		i := slices.IndexFunc(c.comments[n.Key], func(o *comment) bool { return o.id == in.CommentID })
		if i < 0 || c.comments[n.Key][i].parent != "" {
			return "Can only reply to root comments"
		}
		m.parent = in.CommentID
		return ""
	}
	roots := 0
	for _, o := range c.comments[n.Key] {
		if o.parent == "" {
			roots++
		}
	}
	m.order = strconv.Itoa(roots + 1)
	if in.Place == nil {
		return ""
	}
	d, _ := n.Drawing("")
	if id, pinned := in.Place["node_id"].(string); pinned && d.Find(id) == nil {
		return fmt.Sprintf("Node %.40q not found", id)
	}
	m.place = maps.Clone(in.Place)
	return ""
}

// remark finds the comment of the path; it answers where there is none. The
// caller holds mu.
func (c *call) remark(key string) (int, *comment) {
	for i, m := range c.comments[key] {
		if m.id == c.r.PathValue("comment") {
			return i, m
		}
	}
	c.missing()
	return 0, nil
}

// deleteComment answers DELETE …/comments/:id, of one's own.
func (c *call) deleteComment() {
	n, ok := c.visible()
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i, m := c.remark(n.Key)
	if m == nil {
		return
	}
	if m.person != c.person.Key {
		c.fail(http.StatusForbidden, "You can only delete your own comments")
		return
	}
	list := slices.Delete(slices.Clone(c.comments[n.Key]), i, i+1)
	c.comments[n.Key] = slices.DeleteFunc(list, func(o *comment) bool { return o.parent == m.id })
	c.done()
}

func (c *call) done() { c.ok(map[string]any{"status": 200, "error": false}) }

// listReactions answers GET …/reactions.
func (c *call) listReactions() {
	c.remarked(func(m *comment) {
		c.ok(map[string]any{"reactions": c.reactions(m), "pagination": map[string]any{}})
	})
}

// remarked calls do with the comment of the path, holding mu.
func (c *call) remarked(do func(*comment)) {
	n, ok := c.visible()
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, m := c.remark(n.Key); m != nil {
		do(m)
	}
}

// postReaction answers POST …/reactions.
func (c *call) postReaction() {
	var in struct {
		Emoji string `json:"emoji"`
	}
	if json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<16)).Decode(&in) != nil || !emoji(in.Emoji) {
		c.fail(http.StatusBadRequest, "Invalid emoji")
		return
	}
	c.remarked(func(m *comment) {
		same := func(r reaction) bool { return r.person == c.person.Key && r.emoji == in.Emoji }
		if !slices.ContainsFunc(m.reactions, same) {
			m.reactions = append(m.reactions, reaction{c.person.Key, in.Emoji, c.cfg.Now()})
		}
		c.done()
	})
}

// emoji is a shortcode: :eyes:
func emoji(s string) bool { return len(s) > 2 && s[0] == ':' && s[len(s)-1] == ':' }

// deleteReaction answers DELETE …/reactions, of one's own.
func (c *call) deleteReaction() {
	c.remarked(func(m *comment) {
		was := len(m.reactions)
		m.reactions = slices.DeleteFunc(m.reactions, func(r reaction) bool { return r.person == c.person.Key && r.emoji == c.r.FormValue("emoji") })
		if len(m.reactions) == was {
			c.missing()
			return
		}
		c.done()
	})
}

// plainUser is a person as webhooks have them.
func plainUser(key string) map[string]any {
	p, _ := company.ByKey(key)
	return map[string]any{"id": p.FigmaID, "handle": p.Name, "img_url": "https://img.sandbox.example/" + p.Key + ".png"}
}
