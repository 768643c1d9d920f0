package sample

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"strings"
	"time"
)

//go:embed words.txt
var wordsText string

type uuid = [16]byte

// id is the key of row n of a table: the same on every run, and independent
// of how many random numbers were drawn before.
func id(table string, n int) uuid {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], uint64(n))
	sum := sha256.Sum256(append([]byte("fluxmcp sample "+table), key[:]...))
	u := uuid(sum[:16])
	u[6] = u[6]&0x0f | 0x40 // version 4
	u[8] = u[8]&0x3f | 0x80 // variant of RFC 9562
	return u
}

// random is splitmix64, written out because its numbers must never change.
// Source: https://prng.di.unimi.it/splitmix64.c
type random struct{ state uint64 }

func newRandom(name string) *random {
	sum := sha256.Sum256([]byte(name))
	return &random{binary.BigEndian.Uint64(sum[:8])}
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is from 0 to n-1. The tiny bias of the remainder does not matter here.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// between is from lo to hi, both included.
func (r *random) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + r.below(hi-lo+1)
}

func (r *random) percent(p int) bool { return r.below(100) < p }

// low is from lo to hi with small numbers more frequent.
func (r *random) low(lo, hi int) int { return min(r.between(lo, hi), r.between(lo, hi)) }

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }

// weighted is a choice written as "word weight word weight …".
func weighted(r *random, choice string) string {
	fields := strings.Fields(choice)
	total := 0
	for i := 1; i < len(fields); i += 2 {
		total += number(fields[i])
	}
	at := r.below(total)
	for i := 1; i < len(fields); i += 2 {
		if at -= number(fields[i]); at < 0 {
			return fields[i-1]
		}
	}
	return fields[0]
}

func number(digits string) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// words returns a section's entries: lines, each split at sep where it is not "".
func words(section, sep string) []string {
	_, text, _ := strings.Cut(wordsText, "["+section+"]\n")
	text, _, _ = strings.Cut(text, "\n[")
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if sep == "" {
			list = append(list, line)
			continue
		}
		list = append(list, strings.Split(line, sep)...)
	}
	return list
}

// records returns a section's lines split into columns.
func records(section string) [][]string {
	var list [][]string
	for _, line := range words(section, "") {
		list = append(list, strings.Split(line, "|"))
	}
	return list
}

// calendar turns working days into dates. Day 0 is the day of loading, or the
// Friday before a weekend. Working days keep their order and never fall on a
// weekend, whatever the day of loading is.
type calendar struct{ today time.Time }

func (c calendar) date(day int) time.Time {
	weekday := (int(c.today.Weekday()) + 6) % 7 // Monday is 0
	monday := c.today.AddDate(0, 0, -weekday)
	day += min(weekday, 4)
	week := floorDiv(day, 5)
	return monday.AddDate(0, 0, 7*week+day-5*week)
}

// at is a moment of a working day; minute counts from 13:00 UTC, the morning
// of the American east coast, and is below 600.
func (c calendar) at(day, minute int) time.Time {
	return c.date(day).Add(13*time.Hour + time.Duration(minute)*time.Minute)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
