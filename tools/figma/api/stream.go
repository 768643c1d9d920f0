package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	stall     = 20 * time.Second // longest pause of a body
	drainSize = 64 << 10         // most that is read of what nobody wants, bytes
	drainTime = 250 * time.Millisecond
)

// errStalled ends a body that pauses.
var errStalled = errors.New("the answer paused too long")

// body is the body of an answer: bounded in size, and in how long it pauses.
type body struct {
	from  io.Reader
	left  int64
	pause *time.Timer
	err   error // why it ended too early
}

// newBody bounds from to most bytes. stop ends the request.
func newBody(from io.Reader, most int64, stop context.CancelCauseFunc) *body {
	b := &body{from: from, left: most, pause: time.AfterFunc(stall, func() { stop(errStalled) })}
	b.pause.Stop()
	return b
}

// errTooLarge ends a body that has more than it may.
var errTooLarge = errors.New("the answer is too large")

// Read reads on. Only the time that the other side takes is bounded.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more tells whether there is more
	}
	b.pause.Reset(stall)
	n, err := b.from.Read(p)
	paused := !b.pause.Stop()
	if b.left -= int64(n); b.left < 0 {
		b.err = errTooLarge
		return 0, b.err
	}
	if err != nil && err != io.EOF {
		if b.err = err; paused {
			b.err = errStalled
		}
		return n, b.err
	}
	return n, err
}

// why is what is told of a body that ended too early.
func (b *body) why(ctx context.Context, a ask) error {
	switch {
	case errors.Is(b.err, errTooLarge):
		return &Error{Kind: AnswerTooLarge, about: a.about()}
	case ctx.Err() != nil:
		return fmt.Errorf("read Figma's answer: %w", ctx.Err())
	default:
		// Who waited for a pause once has no time for a second.
		return &Error{Kind: Away, Wait: awayWait, again: !errors.Is(b.err, errStalled), err: b.err}
	}
}

// discard ends a body, and reads the little that may be left of it, so that its
// connection can be used again; stop ends a request that has more to wait for.
func discard(r io.ReadCloser, stop context.CancelCauseFunc) {
	late := time.AfterFunc(drainTime, func() { stop(nil) })
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, r, drainSize) // a broken connection is not used again
	_ = r.Close()
}
