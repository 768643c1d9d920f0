package posting

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// How long things take, and are kept.
const (
	within   = 15 * time.Second // for Act.Do
	longest  = 45 * time.Second // for any Act.Do
	looking  = 10 * time.Second // for one Act.Look
	storing  = 5 * time.Second  // for one call of Claims
	stale    = 60 * time.Second // a claim that is Pending for so long has no attempt any more: longest and storing are over
	grace    = 5 * time.Second  // for what was sent and is still on its way when Act.Do ends
	keep     = 24 * time.Hour   // of a key that the caller chose
	keepAuto = 10 * time.Minute // of others: who makes the very same call later means another message
)

// maxKey bounds keys, characters.
const maxKey = 200

// Act is something to be done once.
type Act struct {
	// Do does it. ref is what an attempt before has noted, and note notes
	// something for the next one; where note fails, Do must not go on.
	// An error with a Code says that it was not done, unless the code is
	// slack_outcome_unknown.
	Do func(ctx context.Context, ref string, note func(ref string) error) (api.Posted, error)
	// Look says whether an attempt that began at attempted, by the clock of the
	// store, has succeeded.
	// Errors: that it cannot be known; a RetryAfter says when it can.
	Look func(ctx context.Context, ref string, attempted time.Time) (at api.Posted, found bool, err error)
	// Within bounds Do. 0: 15 s; at most 45 s.
	Within time.Duration
}

// Once does a thing at most once a key. digest says what it is: another one
// under the same key is refused. Without a key it is done once a call, and what
// repeats a call whose outcome its caller does not know counts as that call.
//
// Once does not stop when ctx ends, since what was sent cannot be taken back.
//
// Errors: bad_argument of a key; *KeyReused, *InProgress, *Unsure; those of
// a.Do where it was not done; those of Config.Account and of the claims.
func (p *Poster) Once(ctx context.Context, key, digest string, a Act) (Result, error) {
	k, err := p.key(ctx, key, digest)
	if err != nil {
		return Result{}, err
	}
	return p.once(ctx, k, digest, a)
}

// key is what a call claims.
// Errors: bad_argument.
func (p *Poster) key(ctx context.Context, key, digest string) (claimed, error) {
	if utf8.RuneCountInString(key) > maxKey || containsUnprintable(key) {
		return claimed{}, tools.NewBadArgument(fmt.Sprintf("idempotency_key is not 1–%d printable characters", maxKey),
			"Give a short idempotency_key, such as a UUID, and the same one when the call is repeated.")
	}
	account, err := p.cfg.Account(ctx)
	if err != nil {
		return claimed{}, err
	}
	k := claimed{Key: Key{Person: p.cfg.Person(ctx), Account: account, Key: "key:" + key}, given: key}
	if key == "" {
		k.Key.Key = "auto:" + digest
	}
	return k, nil
}

func containsUnprintable(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return true
		}
	}
	return false
}

// claimed is a Key, and what the caller gave of it.
type claimed struct {
	Key
	given string // empty: nothing
}

func (k claimed) auto() bool { return k.given == "" }

func (p *Poster) once(ctx context.Context, k claimed, digest string, a Act) (Result, error) {
	a.Within = min(a.Within, longest)
	if a.Within <= 0 {
		a.Within = within
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	c, err := p.cfg.Claims.Claim(ctx, k.Key, digest)
	if err != nil {
		return Result{}, fmt.Errorf("claim key: %w", err)
	}
	t := &turn{p: p, k: k, act: a, ref: c.Ref, began: c.Attempted, settle: max(p.cfg.Settle, a.Within+grace)}
	age := c.Now.Sub(c.Attempted)
	switch {
	case c.New:
		return t.do(ctx)
	case c.Digest != digest:
		return Result{}, &KeyReused{}
	case c.State == Posted:
		return t.repeat(ctx, c), nil
	case c.State == Pending && age < stale:
		return Result{}, &InProgress{wait: min(stale-age, grace)}
	default:
		return t.recover(ctx, c)
	}
}

// turn is one call about a key.
type turn struct {
	p      *Poster
	k      claimed
	act    Act
	ref    string
	began  time.Time     // of the attempt, by the clock of the store
	start  time.Time     // of the attempt, by that of this process
	settle time.Duration // after it what the attempt did is there
}

// do makes an attempt, which the claim is held for.
func (t *turn) do(ctx context.Context) (Result, error) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.act.Within)
	defer cancel()
	t.start = time.Now()
	var unnoted error
	at, err := t.act.Do(work, t.ref, func(ref string) error {
		t.ref = ref
		unnoted = t.note(ctx, ref)
		return unnoted
	})
	switch {
	case err == nil:
		t.posted(ctx, at)
		return Result{Posted: at, Ref: t.ref}, nil
	case unnoted != nil || definite(err):
		t.release(ctx)
		return Result{}, err
	}
	return t.find(ctx, err)
}

// definite tells that an attempt did nothing: by the code of its error, or since
// the error says so.
func definite(err error) bool {
	var nothing interface{ NothingDone() bool }
	if errors.As(err, &nothing) && nothing.NothingDone() {
		return true
	}
	switch codeOf(err) {
	case "", "slack_outcome_unknown", "slack_unreadable", "slack_answer_too_large":
		return false
	}
	return true
}

// codeOf is the code of an error; empty: it has none.
func codeOf(err error) string {
	var told interface{ Code() string }
	if !errors.As(err, &told) {
		return ""
	}
	return told.Code()
}

// pauses are those before each look for what an attempt just did.
var pauses = [...]time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond}

// find looks for what an attempt did whose answer was lost: once in any case, so
// that a call that repeats this one finds it settled, and again while the caller
// waits.
// Errors: *Unsure.
func (t *turn) find(ctx context.Context, lost error) (Result, error) {
	t.unknown(ctx)
	unsure := &Unsure{key: t.k.given, lost: lost}
	for i, pause := range pauses {
		if i > 0 && !waited(ctx, pause) {
			break
		}
		at, found, err := t.look(ctx)
		if found {
			t.posted(ctx, at)
			return Result{Posted: at, Ref: t.ref, Note: "Slack's answer was lost; the message was looked for and is there. Do not post it again."}, nil
		}
		if unsure.unseen = err; err != nil {
			break
		}
	}
	unsure.wait = max(t.settle-time.Since(t.start), time.Second)
	return Result{}, unsure
}

// waited waits for d; false: ctx has ended.
func waited(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t *turn) look(ctx context.Context) (api.Posted, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), looking)
	defer cancel()
	return t.act.Look(ctx, t.ref, t.began)
}

// repeat answers from a claim that is Posted.
func (t *turn) repeat(ctx context.Context, c Claim) Result {
	r := Result{Posted: api.Posted{Channel: c.Channel, TS: c.TS}, Repeated: true, Ref: c.Ref}
	if t.k.auto() {
		r.Note = "The very same call was made just before, by a caller who did not wait for its answer; this is that answer. To post it once more, call again."
		if ctx.Err() == nil {
			t.release(ctx)
		}
	}
	return r
}

// recover settles a claim whose attempt ended without a known outcome.
// Errors: *Unsure, *InProgress, and those of do.
func (t *turn) recover(ctx context.Context, c Claim) (Result, error) {
	at, found, err := t.look(ctx)
	if found {
		t.posted(ctx, at)
		return Result{Posted: at, Repeated: true, Ref: t.ref, Note: "The answer to an earlier call was lost; its message was looked for and is there."}, nil
	}
	// The age is that of before the look, which has therefore seen all there can be.
	if age := c.Now.Sub(c.Attempted); err != nil || age < t.settle {
		return Result{}, &Unsure{key: t.k.given, wait: max(t.settle-age, time.Second), unseen: err}
	}
	taken, err := t.p.cfg.Claims.Retake(ctx, t.k.Key, c.Attempted)
	if err != nil {
		return Result{}, fmt.Errorf("take over claim: %w", err)
	}
	if !taken.New {
		return Result{}, &InProgress{wait: grace}
	}
	t.began = taken.Attempted
	return t.do(ctx)
}

// posted settles a claim. Without a key it ends, unless the caller has left.
func (t *turn) posted(ctx context.Context, at api.Posted) {
	if t.k.auto() && ctx.Err() == nil {
		t.release(ctx)
		return
	}
	_ = t.mark(ctx, Posted, at, "") // it is logged; what is Pending is looked for
}

func (t *turn) unknown(ctx context.Context) { _ = t.mark(ctx, Unknown, api.Posted{}, t.ref) }

func (t *turn) note(ctx context.Context, ref string) error {
	return t.mark(ctx, Pending, api.Posted{}, ref)
}

func (t *turn) mark(ctx context.Context, state string, at api.Posted, ref string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	long := keep
	if t.k.auto() {
		long = keepAuto
	}
	done, err := t.p.cfg.Claims.Mark(ctx, t.k.Key, t.began, Mark{State: state, Channel: at.Channel, TS: at.TS, Ref: ref, Keep: long})
	if err == nil && !done {
		err = errOvertaken
	}
	if err != nil {
		t.p.cfg.Log.ErrorContext(ctx, "the outcome of a post cannot be kept", "state", state, "cause", err.Error())
		return fmt.Errorf("keep outcome: %w", err)
	}
	return nil
}

// errOvertaken says that somebody else has the claim by now: this process stood
// still for longer than any attempt takes.
var errOvertaken = errors.New("another attempt has the claim by now")

func (t *turn) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	if err := t.p.cfg.Claims.Release(ctx, t.k.Key, t.began); err != nil {
		t.p.cfg.Log.ErrorContext(ctx, "the claim of a post cannot be released", "cause", err.Error())
	}
}
