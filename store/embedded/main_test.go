//go:build unix

package embedded

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain is the main function of four programs: the supervisor, a process
// that holds a server until its standard input closes, one that connects, and
// the tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == WatchCommand {
		if err := Watch(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "hold" {
		os.Exit(holdMain(os.Args[2]))
	}
	if len(os.Args) > 2 && os.Args[1] == "connect" {
		got, err := query(os.Args[2], "SELECT current_user::text")
		fmt.Println(got, err)
		return
	}
	os.Exit(m.Run())
}

func holdMain(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// holder is another process that holds the server of a directory.
type holder struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

func startHolder(t *testing.T, dir string) *holder {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: exec.Command(program, "hold", dir)}
	h.cmd.Stderr = os.Stderr
	stdin, err := h.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.stdin, h.out = stdin, bufio.NewReader(stdout)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.kill)
	return h
}

// url waits until the process holds the server.
func (h *holder) url(t *testing.T) string {
	t.Helper()
	line, err := h.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("holder printed %q (%v), want a URL", line, err)
	}
	return strings.TrimSpace(line)
}

func (h *holder) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// leave lets the process close its hold and end.
func (h *holder) leave(t *testing.T) {
	t.Helper()
	h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("holder ended with %v, want success", err)
	}
}

// emptyDir is a directory that every account can reach, with no cluster. At
// the end of the test no process may be left in it.
func emptyDir(t *testing.T, base ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(append(base, scratch())[0], "fxe-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		data := layoutOf(t, dir).data
		if !within(10*time.Second, func() bool { return len(serverProcesses(data)) == 0 }) {
			t.Errorf("processes %v are left on %s", serverProcesses(data), data)
			signalAll(serverProcesses(data), syscall.SIGKILL)
		}
		os.RemoveAll(dir)
	})
	return dir
}

// readyDir is an emptyDir with a cluster in it, copied from one that all
// tests of this user share.
func readyDir(t *testing.T) string {
	t.Helper()
	dir := emptyDir(t)
	l := layoutOf(t, dir)
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	template := filepath.Join(os.TempDir(), fmt.Sprintf("fluxmcp-embedded-test-%d", os.Geteuid()))
	if err := makeAll(template, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := copyTemplate(t.Context(), PrivateOptions{Template: template}, l); err != nil {
		t.Fatal(err)
	}
	return dir
}

// scratch is memory where there is enough of it: a cluster is over a thousand
// files, which some disks take a second to copy.
func scratch() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && uint64(fs.Bsize)*uint64(fs.Bavail) > 512<<20 {
		return "/dev/shm"
	}
	return "/tmp"
}

// programForAll is a copy of this program that other accounts can reach: go
// test's own directory is closed to them.
func programForAll(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(emptyDir(t, "/tmp"), "embedded.test")
	if err := os.WriteFile(copied, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

func layoutOf(t *testing.T, dir string) layout {
	t.Helper()
	l, err := resolve(dir, systemDir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := Start(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// query returns one value as text.
func query(url, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	return pgx.CollectOneRow(rows, pgx.RowTo[string])
}

func mustQuery(t *testing.T, url, sql string) string {
	t.Helper()
	got, err := query(url, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// within polls until ok holds, at most for limit.
func within(limit time.Duration, ok func() bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for !ok() {
		if sleep(ctx, 10*time.Millisecond) != nil {
			return ok()
		}
	}
	return true
}

// supervisorPID finds the supervisor of a root directory.
func supervisorPID(root string) int {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(line), WatchCommand+"\x00"+root+"\x00") {
			return atoi(strings.Split(path, "/")[2])
		}
	}
	return 0
}
