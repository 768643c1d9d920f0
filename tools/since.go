package tools

import (
	"strconv"
	"strings"
	"time"
)

// Since reads the moment that a caller names: RFC 3339, a day (in UTC, its
// beginning; today and yesterday are such), or a span back from now as 30m, 12h,
// 7d or 1w. argument is its name, for the error.
// Errors: *BadArgument.
func Since(argument, text string, now time.Time) (time.Time, error) {
	t, _, err := moment(argument, text, now)
	return t, err
}

// Until is Since for the end of something: of a day it is the end.
// Errors: *BadArgument.
func Until(argument, text string, now time.Time) (time.Time, error) {
	t, day, err := moment(argument, text, now)
	if day {
		t = t.AddDate(0, 0, 1)
	}
	return t, err
}

func moment(argument, text string, now time.Time) (t time.Time, day bool, err error) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "today":
		return now.UTC().Truncate(24 * time.Hour), true, nil
	case "yesterday":
		return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1), true, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true, nil
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return t, false, nil
	}
	if ago, ok := span(text); ok {
		return now.Add(-ago), false, nil
	}
	return time.Time{}, false, NewBadArgument(argument+" is no time",
		"Write "+argument+" as 2026-11-01T00:00:00Z, 2026-11-01, today or yesterday, or back from now as 7d, 12h, 30m or 1w.")
}

// longestSpan is far enough back for anything, and no overflow.
const longestSpan = 10_000

// span reads a whole number and its unit.
func span(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	unit := unit(text[len(text)-1])
	return time.Duration(n) * unit, err == nil && unit > 0 && n >= 0 && n <= longestSpan
}

// unit is that of a span; 0: there is none such.
func unit(c byte) time.Duration {
	switch c {
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	case 'd':
		return 24 * time.Hour
	case 'w':
		return 7 * 24 * time.Hour
	default:
		return 0
	}
}
