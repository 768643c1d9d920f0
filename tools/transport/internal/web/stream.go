package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Limits of a stream.
const (
	KeepAlive  = 15 * time.Second // well under the minute after which proxies drop an idle stream
	WriteLimit = 30 * time.Second // for one message to a client that does not read
)

// ErrOver is returned for an event after the end of its stream.
var ErrOver = errors.New("the stream is over")

// Stream is an HTTP response that becomes a stream of server-sent events
// with its first message. Safe for concurrent use until the handler returns.
type Stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController

	mu      sync.Mutex
	started bool
	over    bool // the handler is about to return, or the client is gone
	timer   *time.Timer
}

// NewStream keeps the stream alive from now on: a response that has not
// started by the first keep-alive starts then, so that a proxy does not take a
// slow call for a dead one. Close it.
func NewStream(w http.ResponseWriter, every time.Duration) *Stream {
	s := &Stream{w: w, rc: http.NewResponseController(w)}
	s.arm(every)
	return s
}

// NoStream is for a client that takes the answer alone: nothing can start it.
func NoStream(w http.ResponseWriter) *Stream {
	return &Stream{w: w, over: true, timer: time.NewTimer(0)}
}

func (s *Stream) arm(every time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.timer = time.AfterFunc(every, func() {
		if s.write([]byte(": keep-alive\n\n")) == nil {
			s.arm(every)
		}
	})
}

// Start sends the headers.
func (s *Stream) Start() error { return s.write(nil) }

// Send writes one JSON-RPC message. JSON has no line ends outside of strings,
// where they are escaped, so an event is one data line.
func (s *Stream) Send(_ context.Context, msg []byte) error {
	return s.Event("message", msg)
}

// Event writes one event of a name of one's own.
func (s *Stream) Event(name string, data []byte) error {
	var b bytes.Buffer
	b.Grow(len(name) + len(data) + 20)
	fmt.Fprintf(&b, "event: %s\ndata: ", name)
	b.Write(data)
	b.WriteString("\n\n")
	return s.write(b.Bytes())
}

func (s *Stream) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return ErrOver
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(WriteLimit)) // not every writer can
	if !s.started {
		s.started = true
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-cache, no-transform")
		h.Set("X-Accel-Buffering", "no") // nginx holds events back without it
		s.w.WriteHeader(http.StatusOK)
	}
	if _, err := s.w.Write(b); err != nil {
		s.over = true
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.rc.Flush(); err != nil {
		s.over = true
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}

// TakeBack ends the stream and gives the response back when nothing was written
// to it yet.
func (s *Stream) TakeBack() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return false
	}
	s.over = true
	s.timer.Stop()
	return true
}

// Close ends the stream. Nothing is written after it.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.timer.Stop()
}
