package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	many := make([]string, 150)
	for i := range many {
		many[i] = long
	}
	bytes := string(slices.Repeat([]byte{0xff}, 600)) // a run that becomes one character
	got := clean(Row{Issuer: bytes, Subject: long, Tool: "a\x00b\xffc", Effect: "grow", Objects: many, Outcome: long, RequestID: long, Address: "fe80::1%eth0"}, now)
	for _, c := range []struct{ name, got, want string }{
		{"a run of bytes that are no text is cut safely", got.Issuer, "\uFFFD…"},
		{"NUL and bytes that are no text are replaced", got.Tool, "a\uFFFDb\uFFFDc"},
		{"an unknown effect is none", got.Effect, ""},
		{"an address loses its zone", got.Address, "fe80::1"},
		{"a mapped address is IPv4", address("::ffff:192.0.2.1"), "192.0.2.1"},
		{"what is no address is none", address("unix@"), ""},
		{"a zero time is now", got.At.Format(time.DateOnly), "2026-11-24"},
		{"a time that JSON has not is now", clean(Row{At: now.AddDate(9000, 0, 0)}, now).At.Format(time.DateOnly), "2026-11-24"},
		{"an object is cut within its limit", got.Objects[99], strings.Repeat("ä", (maxObject-3)/2) + "…"},
		{"objects are cut in number", fmt.Sprint(len(got.Objects)), "100"},
		{"a subject is cut within its limit", got.Subject, strings.Repeat("ä", (maxPrincipal-3)/2) + "…"},
		{"an id is cut within its limit", got.RequestID, strings.Repeat("ä", (maxID-3)/2) + "…"},
		{"an outcome is cut within its limit", got.Outcome, strings.Repeat("ä", (maxID-3)/2) + "…"},
		{"a text within its limit is left alone", text("ok", 2), "ok"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestCleanKeepsNoHandleOnTheCallersList(t *testing.T) {
	objects := []string{"table:a"}
	r := clean(Row{Objects: objects}, time.Now())
	objects[0] = "table:b"
	if r.Objects[0] != "table:a" {
		t.Errorf("the queued row says %s after its caller changed the list, want table:a", r.Objects[0])
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x00\xff", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 3 + max(limit, 0)%512
		got := text(s, limit)
		if len(got) > limit || strings.ContainsRune(got, 0) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("text(%q, %d) = %q, want valid, without NUL, within the limit", s, limit, got)
		}
	})
}
