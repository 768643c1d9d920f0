package handles

import (
	"testing"
	"time"
)

func TestHandleOpensForItsOwnerAlone(t *testing.T) {
	b := New([]byte("one secret"))
	h := b.Seal("alice", "tools/call ask", "step 2", time.Minute)
	for _, c := range []struct {
		name, owner, purpose, handle string
		box                          *Box
		later                        time.Duration
		want                         string
		fails                        bool
	}{
		{"its owner, for its purpose", "alice", "tools/call ask", h, b, 0, "step 2", false},
		{"a box with the same secret, as another replica has", "alice", "tools/call ask", h, New([]byte("one secret")), 0, "step 2", false},
		{"the last second of its life", "alice", "tools/call ask", h, b, time.Minute, "step 2", false},
		{"another owner", "mallory", "tools/call ask", h, b, 0, "", true},
		{"another purpose", "alice", "tools/call other", h, b, 0, "", true},
		{"owner and purpose split elsewhere", "alicetools", "/call ask", h, b, 0, "", true},
		{"after its life", "alice", "tools/call ask", h, b, time.Minute + 2*time.Second, "", true},
		{"a box with another secret", "alice", "tools/call ask", h, New([]byte("two")), 0, "", true},
		{"a character changed", "alice", "tools/call ask", flip(h), b, 0, "", true},
		{"something added", "alice", "tools/call ask", h + "-X", b, 0, "", true},
		{"nothing", "alice", "tools/call ask", "", b, 0, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := *c.box
			box.now = func() time.Time { return time.Now().Add(c.later) }
			got, err := box.Open(c.owner, c.purpose, c.handle)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %q, %v, want %q, failing %v", got, err, c.want, c.fails)
			}
		})
	}
	if again := b.Seal("alice", "tools/call ask", "step 2", time.Minute); again == h {
		t.Error("the same data was sealed to the same handle twice, want another nonce")
	}
}

// flip changes the first character.
func flip(h string) string {
	if h[0] == 'A' {
		return "B" + h[1:]
	}
	return "A" + h[1:]
}
