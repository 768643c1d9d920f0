// Package sessions issues and checks the session ids of the protocol revisions
// that have sessions over HTTP. It knows no HTTP and not what a session holds.
package sessions

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// Bounds of a Table.
const (
	MaxRemembered = 10_000         // sessions at once, some 300 bytes each besides what they hold
	MaxAge        = 24 * time.Hour // of an id that this process does not remember
)

// Table holds the sessions of one server. Make it with New; safe for concurrent
// use.
//
// An id is signed together with the principal it was issued to, so that any
// replica with the same key can check one it never saw, and nobody can use
// another's. What a session holds is remembered here alone, for the most
// recently used ones: it must be a convenience and grant no rights.
type Table[S any] struct {
	key  []byte
	ttl  time.Duration
	make func(id string) S
	now  func() time.Time

	mu     sync.Mutex
	byID   map[string]*list.Element // of *entry[S]
	recent *list.List               // most recently used first
}

// entry is one remembered session. An ended one is remembered too, as its id is
// still well signed.
type entry[S any] struct {
	id       string
	held     S
	lastSeen time.Time
	ended    bool
	streams  map[*func()]bool // what ends each open stream
}

// New makes an empty table. A session ends when it was idle for ttl; make fills
// in for what another replica holds. key signs, and must be secret.
func New[S any](key []byte, ttl time.Duration, make func(id string) S) *Table[S] {
	return &Table[S]{key: key, ttl: ttl, make: make, now: time.Now, byID: map[string]*list.Element{}, recent: list.New()}
}

// The parts of an id: when it was issued in Unix seconds, 16 random bytes, and
// the signature.
const idHead, idLen = 8 + 16, 8 + 16 + sha256.Size

// Issue makes an id for principal. Its session begins with Add.
func (t *Table[S]) Issue(principal string) string {
	b := make([]byte, idHead, idLen)
	binary.BigEndian.PutUint64(b, uint64(t.now().Unix()))
	_, _ = rand.Read(b[8:]) // never fails, since Go 1.24
	return base64.RawURLEncoding.EncodeToString(append(b, t.sign(b, principal)...))
}

func (t *Table[S]) sign(head []byte, principal string) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(head)
	mac.Write([]byte(principal))
	return mac.Sum(nil)
}

// genuine reports whether id was issued to principal, and when.
func (t *Table[S]) genuine(id, principal string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) != idLen {
		return time.Time{}, false
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
	return issued, hmac.Equal(b[idHead:], t.sign(b[:idHead], principal))
}

// Find returns principal's live session id. It is false where the id is forged,
// another's, ended or expired; the caller cannot tell which.
func (t *Table[S]) Find(id, principal string) (S, bool) {
	var none S
	issued, ok := t.genuine(id, principal)
	if !ok {
		return none, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if el := t.byID[id]; el != nil {
		known := el.Value.(*entry[S])
		if known.ended || (len(known.streams) == 0 && t.now().Sub(known.lastSeen) > t.ttl) {
			known.ended = true
			return none, false
		}
		known.lastSeen = t.now()
		t.recent.MoveToFront(el)
		return known.held, true
	}
	if t.now().Sub(issued) > MaxAge {
		return none, false
	}
	held := t.make(id)
	t.add(id, held)
	return held, true
}

// Add begins the session id, which Issue made here.
func (t *Table[S]) Add(id string, held S) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(id, held)
}

func (t *Table[S]) add(id string, held S) {
	t.byID[id] = t.recent.PushFront(&entry[S]{id: id, held: held, lastSeen: t.now(), streams: map[*func()]bool{}})
	if t.recent.Len() <= MaxRemembered {
		return
	}
	last := t.recent.Back()
	delete(t.byID, last.Value.(*entry[S]).id)
	t.recent.Remove(last)
}

// Issued is when the session id was issued, to the second; zero for what is none.
func (t *Table[S]) Issued(id string) time.Time {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) != idLen {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
}

// End ends the session id and its open streams. Find does not return it again.
func (t *Table[S]) End(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if el := t.byID[id]; el != nil {
		known := el.Value.(*entry[S])
		known.ended = true
		for closing := range known.streams {
			(*closing)()
		}
	}
}

// Open notes a stream of the session id, which it keeps alive; closing is called
// when the session ends, at once if it has. The returned function must be called
// when the stream has ended.
func (t *Table[S]) Open(id string, closing func()) func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	el := t.byID[id]
	if el == nil || el.Value.(*entry[S]).ended {
		closing()
		return func() {}
	}
	known := el.Value.(*entry[S])
	known.streams[&closing] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(known.streams, &closing)
		known.lastSeen = t.now()
	}
}
