package api

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stamp is what a ts looks like.
var stamp = regexp.MustCompile(`^[0-9]{1,11}(\.[0-9]{1,9})?$`)

// Time is the time of a ts, in UTC. What is no ts has the zero time.
func Time(ts string) time.Time {
	if !stamp.MatchString(ts) {
		return time.Time{}
	}
	whole, part, _ := strings.Cut(ts, ".")
	seconds, _ := strconv.ParseInt(whole, 10, 64) // digits, and few
	nanos, _ := strconv.ParseInt((part + "000000000")[:9], 10, 64)
	return time.Unix(seconds, nanos).UTC()
}

// TS is the ts of a time, to the microsecond before it.
func TS(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/int(time.Microsecond))
}
