package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of the texts, bytes. Those of the principal also keep an index entry
// within the third of a page that PostgreSQL allows.
const (
	maxPrincipal = 512
	maxTool      = 128
	maxID        = 128
	maxObject    = 256
	maxObjects   = 100
)

// effects are those that the table's CHECK allows.
var effects = [...]string{"read", "write", "overwrite", "destroy"}

// clean returns r as it can be stored. It shares no memory with r beyond
// strings within their limits, so that what waits is bounded.
func clean(r Row, now time.Time) Row {
	if r.At.Year() < 1970 || r.At.Year() > 9999 { // JSON has no later years, and the zero time is none
		r.At = now
	}
	r.Issuer, r.Subject = text(r.Issuer, maxPrincipal), text(r.Subject, maxPrincipal)
	r.Tool, r.Outcome = text(r.Tool, maxTool), text(r.Outcome, maxID)
	r.Digest, r.Ref = text(r.Digest, maxID), text(r.Ref, maxID)
	r.RequestID, r.TraceID = text(r.RequestID, maxID), text(r.TraceID, maxID)
	if !slices.Contains(effects[:], r.Effect) {
		r.Effect = ""
	}
	objects := make([]string, min(len(r.Objects), maxObjects))
	for i := range objects {
		objects[i] = text(r.Objects[i], maxObject)
	}
	r.Objects = objects
	r.Address = address(r.Address)
	return r
}

// text returns s as PostgreSQL can store it, at most limit bytes long.
func text(s string, limit int) string {
	if len(s) <= limit && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	cut := len(s) > limit
	s = strings.ToValidUTF8(s[:min(len(s), limit)], "\uFFFD") // a copy, or a cut of one below
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	if !cut && len(s) <= limit {
		return s
	}
	end := min(limit-len("…"), len(s))
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// address returns s as inet takes it: without zone, IPv4 as such.
func address(s string) string {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// ascii returns r without the characters that a database in another encoding
// than UTF-8 may refuse.
func ascii(r Row) Row {
	plain := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c > '~' {
				return '?'
			}
			return c
		}, s)
	}
	r.Issuer, r.Subject, r.Tool, r.Outcome = plain(r.Issuer), plain(r.Subject), plain(r.Tool), plain(r.Outcome)
	r.Digest, r.Ref, r.RequestID, r.TraceID = plain(r.Digest), plain(r.Ref), plain(r.RequestID), plain(r.TraceID)
	objects := make([]string, len(r.Objects))
	for i, o := range r.Objects {
		objects[i] = plain(o)
	}
	r.Objects = objects
	return r
}

// gapRow stands for n rows that are missing, the first of them at from and the
// last at to.
func gapRow(n int, from, to time.Time) Row {
	return Row{At: from, Duration: max(to.Sub(from), 0), Tool: "audit", Outcome: OutcomeDropped,
		Objects: []string{fmt.Sprintf("count:%d", n)}, gap: n}
}

// stands is how many rows are lost where r is not stored.
func (r Row) stands() int { return max(r.gap, 1) }

// wireRow is a row as the INSERT reads it.
type wireRow struct {
	At        time.Time `json:"at"`
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	Tool      string    `json:"tool"`
	Effect    string    `json:"effect"`
	Objects   []string  `json:"objects"`
	Outcome   string    `json:"outcome"`
	Millis    *float64  `json:"duration_ms"`
	Digest    string    `json:"arguments_digest"`
	Ref       string    `json:"ref"`
	RequestID string    `json:"request_id"`
	TraceID   string    `json:"trace_id"`
	Address   string    `json:"address"`
}

// encode returns rows as one JSON array, so that one statement with one
// parameter stores any number of them.
func encode(rows []Row) (string, error) {
	wire := make([]wireRow, len(rows))
	for i, r := range rows {
		wire[i] = r.wire()
	}
	out, err := json.Marshal(wire)
	return string(out), err
}

func (r Row) wire() wireRow {
	w := wireRow{At: r.At.UTC(), Issuer: r.Issuer, Subject: r.Subject, Tool: r.Tool, Effect: r.Effect, Objects: r.Objects,
		Outcome: r.Outcome, Digest: r.Digest, Ref: r.Ref, RequestID: r.RequestID, TraceID: r.TraceID, Address: r.Address}
	if r.Outcome != OutcomeStarted {
		millis := float64(r.Duration) / float64(time.Millisecond)
		w.Millis = &millis
	}
	return w
}

// MarshalJSON names the members as the table names its columns; at is in UTC,
// and duration_ms is null with OutcomeStarted.
func (r Row) MarshalJSON() ([]byte, error) {
	if r.Objects == nil {
		r.Objects = []string{} // never null
	}
	return json.Marshal(struct {
		ID int64 `json:"id"`
		wireRow
	}{r.ID, r.wire()})
}
