package tools

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 24, 16, 20, 0, 0, time.UTC)
	for _, c := range []struct {
		name, text string
		want       time.Time
	}{
		{"RFC 3339 is taken as it is", "2026-11-01T10:00:00+02:00", time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)},
		{"a day is its beginning in UTC", "2026-11-01", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		{"today is its beginning in UTC", "Today", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)},
		{"yesterday likewise", "yesterday", time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)},
		{"RFC 3339 may be in small letters", "2026-11-01t10:00:00z", time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)},
		{"minutes count back from now", "30m", now.Add(-30 * time.Minute)},
		{"hours count back from now", "12h", now.Add(-12 * time.Hour)},
		{"days count back from now", "7d", now.AddDate(0, 0, -7)},
		{"weeks count back from now", "1w", now.AddDate(0, 0, -7)},
		{"nothing ago is now", "0m", now},
		{"blanks around it do not matter", " 1d ", now.AddDate(0, 0, -1)},
		{"the longest span does not overflow", "10000w", now.Add(-10_000 * 7 * 24 * time.Hour)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Since("since", c.text, now); err != nil || !got.Equal(c.want) {
				t.Errorf("%q: got %s, %v, want %s", c.text, got, err, c.want)
			}
		})
	}
}

func TestUntilIsTheEndOfADay(t *testing.T) {
	now := time.Date(2026, 11, 24, 16, 20, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-01": time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), "yesterday": time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		"2026-11-01T10:00:00Z": time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), "12h": now.Add(-12 * time.Hour),
	} {
		if got, err := Until("until", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, text := range []string{"", " ", "d", "-3d", "3", "3y", "tomorrow", "10001w", "99999999999999999999d", "2026-13-01", "7d7d", "ünf"} {
		got, err := Since("until", text, time.Now())
		var bad *BadArgument
		if !errors.As(err, &bad) || !strings.HasPrefix(bad.Error(), "until ") || !strings.Contains(bad.Hint(), "until as ") {
			t.Errorf("%q: got %s, %v, want a bad argument that names until", text, got, err)
		}
	}
}
