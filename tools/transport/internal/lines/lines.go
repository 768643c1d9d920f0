// Package lines cuts a stream into lines and writes lines to one, without letting
// a long line or a reader that stopped reading hold up the rest. It knows no JSON
// beyond where a request has its id.
package lines

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"sync"
	"time"
)

// Reader cuts In into lines of at most Max bytes, ends included.
type Reader struct {
	In  *bufio.Reader
	Max int
}

// Overlong is a line that was thrown away for its length, but for its ends.
type Overlong struct{ head, tail []byte }

const endsKept = 512 // bytes of each end of an overlong line

// Error names no part of the line.
func (*Overlong) Error() string { return "line too long" }

// Next returns a line without its end, which the caller may keep. The last line
// needs no end. The error is *Overlong, or the reader's.
func (r Reader) Next() ([]byte, error) {
	var line []byte
	var long *Overlong
	for {
		part, err := r.In.ReadSlice('\n')
		switch {
		case long != nil:
			long.keepTail(part)
		case len(line)+len(part) > r.Max:
			line = append(line, part...)
			long = &Overlong{head: bytes.Clone(line[:min(len(line), endsKept)])}
			long.keepTail(line)
			line = nil
		default:
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long != nil {
			return nil, long // an end of the stream shows at the next call
		}
		if err != nil && len(line) > 0 && errors.Is(err, io.EOF) {
			return line, nil
		}
		return line, err
	}
}

func (o *Overlong) keepTail(part []byte) {
	o.tail = append(o.tail, part...)
	if len(o.tail) > endsKept {
		o.tail = bytes.Clone(o.tail[len(o.tail)-endsKept:])
	}
}

// ID finds the request's id at either end of the thrown-away line, where every
// known client writes it, so that the client learns which request it was. It is nil where there is none.
func (o *Overlong) ID() json.RawMessage {
	const value = `("(?:[^"\\]|\\.){0,200}"|-?\d{1,18})`
	first := regexp.MustCompile(`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*` + value + `\s*,`)
	last := regexp.MustCompile(`,\s*"id"\s*:\s*` + value + `\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$`)
	for _, m := range [][][]byte{first.FindSubmatch(o.head), last.FindSubmatch(o.tail)} {
		if m != nil && json.Valid(m[1]) {
			return m[1]
		}
	}
	return nil
}

// Writer puts messages on a stream, a line each, from a goroutine of its
// own: a client that does not read holds up its senders and nothing else.
type Writer struct {
	queue chan []byte
	halt  chan struct{} // closed to end the writer once the queue is empty
	once  sync.Once
	done  chan struct{} // closed when the writer has ended
	err   error         // why it ended early; read after done
}

// NewWriter starts writing to out. Close it.
func NewWriter(out io.Writer) *Writer {
	w := &Writer{queue: make(chan []byte, 16), halt: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = w.loop(out)
	}()
	return w
}

func (w *Writer) loop(out io.Writer) error {
	for {
		select {
		case msg := <-w.queue:
			if _, err := out.Write(append(msg, '\n')); err != nil {
				return err
			}
		case <-w.halt:
			if len(w.queue) == 0 {
				return nil
			}
		}
	}
}

// Send gives msg its place in the order. It fails when the writer has ended, and
// blocks no longer than ctx. The writer may append to msg.
func (w *Writer) Send(ctx context.Context, msg []byte) error {
	select {
	case <-w.done:
		return w.gone()
	default:
	}
	select {
	case w.queue <- msg:
		return nil
	case <-w.done:
		return w.gone()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when nothing more is written: after Close, or when the stream
// broke.
func (w *Writer) Done() <-chan struct{} { return w.done }

func (w *Writer) gone() error {
	if w.err != nil {
		return w.err
	}
	return io.ErrClosedPipe
}

// Close writes what is queued, for as long as within allows, and reports why
// something could not be written.
func (w *Writer) Close(within time.Duration) error {
	w.once.Do(func() { close(w.halt) })
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-w.done:
		return w.err
	case <-late.C:
		return nil // the client does not read; nobody is left to tell
	}
}
