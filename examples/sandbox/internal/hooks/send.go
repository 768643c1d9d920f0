package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// answerLimit bounds what is kept of a receiver's answer, bytes.
const answerLimit = 64 << 10

// ErrAway says that a receiver is not on this machine.
var ErrAway = errors.New("the sandbox sends webhooks to loopback addresses alone")

// Delivery is one request to a receiver.
type Delivery struct {
	URL    string
	Header http.Header
	Body   []byte
}

// Result is what became of a delivery. Status is 0 where there was no answer.
type Result struct {
	Status int
	Body   []byte
	Took   time.Duration
	Err    error
}

// Sender is safe for concurrent use.
type Sender struct {
	client *http.Client
	log    *slog.Logger
	after  sync.WaitGroup
}

// NewSender makes a sender that waits 10 s for an answer, and follows no redirect.
func NewSender(log *slog.Logger) *Sender {
	return &Sender{log: log, client: &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Check wants an http(s) URL of a loopback address.
// Errors: ErrAway.
func Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: %q is no such URL", ErrAway, address)
	}
	if ip := net.ParseIP(u.Hostname()); strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback() {
		return nil
	}
	return ErrAway
}

// Send delivers once and waits for the answer.
func (s *Sender) Send(ctx context.Context, d Delivery) Result {
	if err := Check(d.URL); err != nil {
		return Result{Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return Result{Err: err}
	}
	r.Header = d.Header.Clone()
	began := time.Now()
	resp, err := s.client.Do(r)
	if err != nil {
		return Result{Err: err, Took: time.Since(began)}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	return Result{Status: resp.StatusCode, Body: body, Took: time.Since(began), Err: err}
}

// Later delivers in the background and then tells of it. Wait waits for all.
func (s *Sender) Later(d Delivery, told func(Result)) {
	s.after.Go(func() {
		r := s.Send(context.Background(), d)
		s.log.Debug("sandbox webhook", "status", r.Status)
		told(r)
	})
}

// Wait waits until nothing is under way.
func (s *Sender) Wait() { s.after.Wait() }
