package sessions

import (
	"strings"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

// In mcp-go a session lives until its client deletes it.
func TestIdleSessionExpires(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	s := newTable("key", c)
	id := s.Issue("alice")
	s.Add(id, "held")
	steps := []struct {
		name  string
		after time.Duration
		want  bool
	}{
		{"in use", 59 * time.Minute, true},
		{"in use again, as each use counts", 59 * time.Minute, true},
		{"idle for the whole TTL", 61 * time.Minute, false},
		{"expired for good", 0, false},
	}
	for _, st := range steps {
		c.now = c.now.Add(st.after)
		if got := found(s, id, "alice"); got != st.want {
			t.Errorf("%s, after %v: got found=%v, want %v", st.name, st.after, got, st.want)
		}
	}
}

func TestOpenStreamKeepsItsSession(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	s := newTable("key", c)
	id := s.Issue("")
	s.Add(id, "held")
	over := s.Open(id, func() {})
	c.now = c.now.Add(5 * time.Hour)
	if !found(s, id, "") {
		t.Error("with an open stream: got none, want the session")
	}
	over()
	c.now = c.now.Add(61 * time.Minute)
	if found(s, id, "") {
		t.Error("an hour after the stream: got the session, want none")
	}
}

func TestSessionIsKnownToAnotherReplica(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	replica := func(key string) *Table[string] { return newTable(key, c) }
	id := replica("shared").Issue("alice")
	if !found(replica("shared"), id, "alice") {
		t.Error("same key: got none, want the session")
	}
	if found(replica("shared"), id, "mallory") {
		t.Error("same key, another principal: got the session, want none")
	}
	if found(replica("other"), id, "alice") {
		t.Error("another key: got the session, want none")
	}
	c.now = c.now.Add(MaxAge + time.Second)
	if found(replica("shared"), id, "alice") {
		t.Error("a day later: got the session, want none")
	}
}

func TestRememberedSessionsAreBounded(t *testing.T) {
	s := newTable("key", &clock{time.Unix(1e9, 0)})
	for range MaxRemembered + 100 {
		s.Add(s.Issue(""), "held")
	}
	if len(s.byID) != MaxRemembered || s.recent.Len() != MaxRemembered {
		t.Errorf("got %d and %d remembered, want %d", len(s.byID), s.recent.Len(), MaxRemembered)
	}
}

func newTable(key string, c *clock) *Table[string] {
	t := New([]byte(key), time.Hour, func(string) string { return "made up" })
	t.now = c.time
	return t
}

func found(t *Table[string], id, principal string) bool {
	_, ok := t.Find(id, principal)
	return ok
}

func TestForgedIDsAreNotFound(t *testing.T) {
	s := newTable("key", &clock{time.Unix(1e9, 0)})
	id := s.Issue("alice")
	for name, forged := range map[string]string{
		"empty": "", "short": id[:10], "longer": id + "AAAA", "altered": "A" + id[1:], "no base64": strings.Repeat("*", len(id)),
		"another way to write the same bytes": id + "=",
	} {
		if forged != id && found(s, forged, "alice") {
			t.Errorf("%s: %q was found", name, forged)
		}
	}
}

func TestEndClosesStreams(t *testing.T) {
	s := newTable("key", &clock{time.Unix(1e9, 0)})
	id := s.Issue("")
	s.Add(id, "held")
	closed := 0
	s.Open(id, func() { closed++ })
	s.Open(id, func() { closed++ })()
	s.End(id)
	s.Open(id, func() { closed++ })
	if closed != 2 || found(s, id, "") {
		t.Errorf("got %d closed, found=%v; want the open one and the late one, and no session", closed, found(s, id, ""))
	}
}
