//go:build unix

// Package program builds fluxmcp once for the tests of examples, and runs it. It
// knows nothing of what they try.
package program

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Program is a built fluxmcp.
type Program struct{ path string }

// Build makes the program from a package two folders below the module's root.
// Remove it after use.
func Build() (*Program, error) {
	dir, err := os.MkdirTemp("", "fluxmcp-examples-")
	if err != nil {
		return nil, err
	}
	p := &Program{filepath.Join(dir, "fluxmcp")}
	if out, err := exec.Command("go", "build", "-o", p.path, "../../cmd/fluxmcp").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return p, nil
}

// alone waits until no other package of examples runs its programs: several
// servers, a browser and a load at once would measure each other. It returns
// what lets the next one go on; the end of the process does too.
func alone() (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("fluxmcp-examples-%d.lock", os.Getuid())), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// Main runs the tests of a package of examples, alone, and then calls clean.
func Main(m *testing.M, clean func()) int {
	release, err := alone()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wait for other examples:", err)
		return 1
	}
	defer release()
	defer clean()
	return m.Run()
}

// Remove deletes the program.
func (p *Program) Remove() error { return os.RemoveAll(filepath.Dir(p.path)) }

// Run executes one command with no settings but env, and returns what it prints.
func (p *Program) Run(t testing.TB, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(p.path, args...)
	cmd.Env, cmd.Dir = env, t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Server is a running `fluxmcp serve`.
type Server struct {
	Address string // HOST:PORT
	process *os.Process
	log     Buffer
	ended   chan struct{}
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

// Serve starts a server on a free port and waits until it listens; it ends with
// the test.
func (p *Program) Serve(t testing.TB, env []string) *Server {
	t.Helper()
	cmd := exec.Command(p.path, "serve", "--listen", "127.0.0.1:0", "--log-level", "info")
	cmd.Dir, cmd.Env = t.TempDir(), env
	s := &Server{ended: make(chan struct{})}
	out, in := io.Pipe()
	cmd.Stderr = io.MultiWriter(&s.log, in)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = cmd.Process
	go func() {
		_ = cmd.Wait()
		_ = in.Close() // so that nobody waits for a server that did not start
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.process.Signal(syscall.SIGTERM) // it may have ended
		<-s.ended
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			s.Address = found[1]
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s
		}
	}
	t.Fatalf("the server did not listen:\n%s", s.Log())
	return nil
}

// Kill ends the server as kill -9 does, and waits until it has ended: until then
// it takes connections.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
}

// Log is what the server has said so far.
func (s *Server) Log() string { return s.log.String() }

// Buffer keeps what a process says. It is safe for concurrent use.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is what was kept so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
