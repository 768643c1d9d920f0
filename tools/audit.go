package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Auditor keeps a record of calls.
type Auditor interface {
	// Before is called before a call runs, with the outcome OutcomeStarted. A
	// call that changes something is stored when it returns; where it fails, the
	// call does not run.
	Before(ctx context.Context, e Entry) error
	// After records how a call ended. It does not wait for the record to be
	// stored, and deals with its own failures.
	After(ctx context.Context, e Entry)
}

// OutcomeStarted is the outcome of an Entry for Before.
const OutcomeStarted = "started"

// Entry is one record. It holds no argument, no result and no token.
type Entry struct {
	Time      time.Time
	Principal Principal
	Tool      string
	Effect    Effect
	Objects   []string      // what was touched, such as table:public.projects; sorted, at most MaxObjects
	Outcome   string        // OutcomeStarted, ok, or the code of the failure
	Duration  time.Duration // zero with OutcomeStarted
	Digest    string        // SHA-256 of the arguments as they were sent, hexadecimal
	Ref       string        // of an internal failure, under which its cause is logged
	Request   Request
	TraceID   string // of the trace the call belongs to; empty without
}

// String is the effect's name: read, write, overwrite or destroy.
func (e Effect) String() string {
	switch e {
	case ReadOnly:
		return "read"
	case Writes:
		return "write"
	case Overwrites:
		return "overwrite"
	case Destructive:
		return "destroy"
	default:
		return fmt.Sprintf("effect %d", int(e))
	}
}

// MaxObjects bounds Entry.Objects.
const MaxObjects = 100

// touched collects what a call touches.
type touched struct {
	mu   sync.Mutex
	seen []string
}

type touchedKey struct{}

// Touch notes for the audit that the call of ctx reads or changes object, such as
// table:public.projects, file:KEY or channel:C123. Without an audit it does nothing.
func Touch(ctx context.Context, object string) {
	t, ok := ctx.Value(touchedKey{}).(*touched)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.seen) < MaxObjects && !slices.Contains(t.seen, object) {
		t.seen = append(t.seen, object)
	}
}

func (t *touched) list() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := slices.Clone(t.seen)
	slices.Sort(list)
	return list
}

// digest names arguments without telling them.
func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
