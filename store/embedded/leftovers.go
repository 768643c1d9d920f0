//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftovers makes sure that no server runs on l.data and that nothing a
// killed one left stands in the way of the next. Only the one who owns the
// server (supervisor lock, or gate and no supervisor) may call it.
func endLeftovers(l layout) error {
	if pids := serverProcesses(l.data); len(pids) > 0 {
		postmaster, _ := readPidFile(l.data)
		if pids[0] == postmaster {
			signalAll(pids[:1], syscall.SIGINT)
		}
		// Backends without a postmaster have nobody who would tell them to end,
		// and a busy one does not look.
		if pids[0] != postmaster || !gone(l.data, fastStop/2) {
			signalAll(serverProcesses(l.data), syscall.SIGQUIT)
		}
		if !gone(l.data, forcedStop) {
			signalAll(serverProcesses(l.data), syscall.SIGKILL)
		}
		if !gone(l.data, forcedStop) {
			return startError(l, logSize(l), errors.New("a former PostgreSQL on this directory does not end"))
		}
	}
	// PostgreSQL trusts a pid file whose number some process of the account
	// has, were it a shell: with no server running both files are stale.
	var errs []error
	for _, stale := range []string{
		filepath.Join(l.data, "postmaster.pid"), filepath.Join(l.run, socketName), filepath.Join(l.run, socketName+".lock"),
	} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return classify(l.root, "", errors.Join(errs...))
}

// serverProcesses lists the processes that work in data, the postmaster
// first. A backend can outlive a killed postmaster for a moment, and keeps the
// next one from starting.
func serverProcesses(data string) []int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil || len(entries) == 0 {
		return postmasterByPS(data)
	}
	postmaster, _ := readPidFile(data)
	var pids []int
	all, _ := os.ReadDir("/proc") // unreadable: nothing to end
	for _, e := range all {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !worksIn(pid, data) {
			continue
		}
		pids = append(pids, pid)
		if pid == postmaster {
			pids[0], pids[len(pids)-1] = pids[len(pids)-1], pids[0]
		}
	}
	return pids
}

// worksIn reports whether pid is a postgres whose directory is data. Both are
// asked: a person's shell may stand in that directory too.
func worksIn(pid int, data string) bool {
	base := "/proc/" + strconv.Itoa(pid)
	dir, err := os.Readlink(base + "/cwd")
	if err != nil || dir != realPath(data) {
		return false
	}
	program, err := os.Readlink(base + "/exe")
	return err == nil && strings.HasPrefix(filepath.Base(program), "postgres")
}

// postmasterByPS is for systems without /proc: the pid file's process, if its
// command line names data.
func postmasterByPS(data string) []int {
	pid, _ := readPidFile(data)
	if pid <= 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), forcedStop)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("postgres -D %s ", data)) {
		return nil
	}
	return []int{pid}
}

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig) // gone already is as good
	}
}

// gone waits until no process works in data, at most for limit.
func gone(data string, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if len(serverProcesses(data)) == 0 {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return len(serverProcesses(data)) == 0
}

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// atoi returns 0 for what is not a number.
func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}
