package gate

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
)

// RetryAfter sets the header of a 429, as f has it.
func RetryAfter(w http.ResponseWriter, f Failure) {
	switch {
	case f.Status != http.StatusTooManyRequests || f.RetryAfter < 0:
	case f.RetryAfter == 0:
		w.Header().Set("Retry-After", "30")
	default:
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
}

// observed remembers the status of an answer.
type observed struct {
	http.ResponseWriter
	status int
}

// WriteHeader passes the status on.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write passes the bytes on.
func (o *observed) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	return o.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// unsent is an answer that is lost.
type unsent struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is kept.
func (u *unsent) Header() http.Header { return u.header }

// WriteHeader is kept.
func (u *unsent) WriteHeader(status int) { u.status = status }

// Write is kept.
func (u *unsent) Write(p []byte) (int, error) { return u.body.Write(p) }

// sendHalf sends the first half, of what is announced as the whole.
func (u *unsent) sendHalf(w http.ResponseWriter) {
	maps.Copy(w.Header(), u.header)
	w.Header().Set("Content-Length", strconv.Itoa(u.body.Len()))
	w.WriteHeader(max(u.status, http.StatusOK))
	_, _ = w.Write(u.body.Bytes()[:u.body.Len()/2]) // who does not get it gets what this is for
	_ = http.NewResponseController(w).Flush()
}
