package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// box is a sandbox with a crowd that listens, and a proxy that leads there.
type box struct {
	*sandbox.Sandbox
	base, proxy string // addresses
	certificate string // file
	gate        *proxy
	servers     []*http.Server

	mu    sync.Mutex
	calls map[string]int // by method
	bytes int64          // of answers
}

// crowd is how much there is in the workspace.
type crowd struct{ channels, users, messages int }

// serve starts a box, which writes its certificate to dir.
func serve(dir string, c crowd) (*box, error) {
	b := &box{calls: map[string]int{}, certificate: filepath.Join(dir, "slack.pem")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	b.base = "http://" + listener.Addr().String()
	b.Sandbox = sandbox.New(sandbox.Options{BaseURL: b.base})
	b.SlackCrowd(c.channels, c.users, c.messages)
	h := b.counted(b.Handler())
	b.start(listener, h)
	if b.gate, err = newProxy(h); err != nil {
		return nil, err
	}
	if err := os.WriteFile(b.certificate, b.gate.certificate, 0o600); err != nil {
		return nil, fmt.Errorf("write the certificate: %w", err)
	}
	if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	b.proxy = "http://" + listener.Addr().String()
	b.start(listener, b.gate)
	return b, nil
}

func (b *box) start(l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	b.servers = append(b.servers, s)
	go func() { _ = s.Serve(l) }() // ends with close
}

func (b *box) close() {
	b.gate.close()
	for _, s := range b.servers {
		_ = s.Close()
	}
}

// counted counts the calls of Slack's API, those of methods too that the sandbox
// does not have.
func (b *box) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/slack/") {
			h.ServeHTTP(w, r)
			return
		}
		b.mu.Lock()
		b.calls[path.Base(r.URL.Path)]++
		b.mu.Unlock()
		size := &sized{ResponseWriter: w}
		h.ServeHTTP(size, r)
		b.mu.Lock()
		b.bytes += size.n
		b.mu.Unlock()
	})
}

// sized counts what is written.
type sized struct {
	http.ResponseWriter
	n int64
}

// Write passes the bytes on.
func (s *sized) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.n += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (s *sized) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// used is how many calls there were since the last time, by method, and how many
// bytes Slack answered.
func (b *box) used() (map[string]int, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls, bytes := b.calls, b.bytes
	b.calls, b.bytes = map[string]int{}, 0
	return calls, bytes
}
