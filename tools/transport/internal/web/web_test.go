package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A client that does not read its stream does not hold its tool for ever.
func TestStalledClientLosesItsStream(t *testing.T) {
	w := httptest.NewRecorder()
	s := NewStream(failingWriter{w}, time.Hour)
	if err := s.Send(t.Context(), []byte("{}")); err == nil {
		t.Error("first message: got nil, want the write's error")
	}
	if err := s.Send(t.Context(), []byte("{}")); err != ErrOver {
		t.Errorf("second message: got %v, want %v at once", err, ErrOver)
	}
}

type failingWriter struct{ http.ResponseWriter }

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestStreamThatWasTakenBackWritesNothing(t *testing.T) {
	w := httptest.NewRecorder()
	s := NewStream(w, time.Hour)
	if !s.TakeBack() {
		t.Fatal("nothing was written, and yet the response is gone")
	}
	if err := s.Send(t.Context(), []byte("{}")); err != ErrOver || w.Body.Len() > 0 {
		t.Errorf("got %v and %q, want %v and nothing", err, w.Body, ErrOver)
	}
	if started := NewStream(w, time.Hour); started.Start() != nil || started.TakeBack() {
		t.Error("a stream that has started was taken back")
	}
}
