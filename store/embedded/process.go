//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// keeperScript stands between us and the server. It ends the server when the
// write end of the pipe on its descriptor 3 closes, which the kernel does for
// us when we are killed. A shell, because it is there on every system that
// runs PostgreSQL (initdb needs it) and shares no name with fluxmcp.
// $1 is a directory to empty afterwards, or "".
const keeperScript = `wipe=$1; shift
"$@" 3<&- </dev/null &
server=$!
{ read -r _ <&3; kill -INT "$server"; } 2>/dev/null &
guard=$!
exec 3<&-
wait "$server"; status=$?
kill "$guard" 2>/dev/null
[ -z "$wipe" ] || rm -rf "$wipe"/*
exit "$status"`

const (
	fastStop   = 10 * time.Second // for a fast shutdown: disconnect, checkpoint
	forcedStop = 3 * time.Second  // for an immediate one
)

// process is a running server.
type process struct {
	layout layout
	cmd    *exec.Cmd
	log    *os.File
	from   int64         // where in the log this start began
	ready  chan struct{} // closed once it accepts connections
	exited chan struct{} // closed once it is gone
	stop   func()        // asks for a fast shutdown; more than once is fine
}

// serverSettings keep the footprint small and the log free of people's data:
// statements, parameters and rows are never written to it.
func serverSettings(l layout) []string {
	return []string{
		"listen_addresses=", "port=5432", "unix_socket_permissions=0700",
		"unix_socket_directories=" + quoteList(l.run), "hba_file=" + l.hba(), "ident_file=" + l.ident(),
		"max_connections=50", "shared_buffers=48MB", "max_wal_size=256MB", "wal_level=minimal", "max_wal_senders=0",
		"max_worker_processes=4", "max_logical_replication_workers=0", "max_parallel_workers_per_gather=1", "autovacuum_max_workers=2", "huge_pages=off",
		"temp_file_limit=1GB", "dynamic_shared_memory_type=mmap", "jit=off", "fsync=on", "password_encryption=scram-sha-256",
		"timezone=UTC", "log_timezone=UTC", "lc_messages=C", "logging_collector=off", "log_destination=stderr",
		"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse", "log_checkpoints=off",
	}
}

// launch starts the server and returns at once. Nothing else may be running
// on l.data. wipe empties the data directory once the server is gone.
func launch(l layout, b binaries, extra []string, wipe bool) (*process, error) {
	if err := writeAccess(l); err != nil {
		return nil, classify(l.root, "", fmt.Errorf("write the access files: %w", err))
	}
	from := logSize(l)
	log, err := openLog(l)
	if err != nil {
		return nil, classify(l.root, "", fmt.Errorf("open the server's log: %w", err))
	}
	read, write, err := os.Pipe()
	if err != nil {
		log.Close()
		return nil, err
	}
	defer read.Close()
	dir := ""
	if wipe {
		dir = l.data
	}
	args := []string{"-c", keeperScript, "postgres-keeper", dir, b.postgres(), "-D", l.data}
	for _, s := range append(serverSettings(l), extra...) {
		args = append(args, "-c", s)
	}
	p := &process{layout: l, cmd: exec.Command("/bin/sh", args...), log: log, from: from, ready: make(chan struct{}), exited: make(chan struct{})}
	p.stop = sync.OnceFunc(func() { write.Close() })
	l.account.apply(p.cmd)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = log, log, []*os.File{read}
	if err := p.cmd.Start(); err != nil {
		p.stop()
		log.Close()
		return nil, classify(l.root, "", fmt.Errorf("start PostgreSQL: %w", err))
	}
	go p.reap()
	go p.watchReady()
	return p, nil
}

func (p *process) reap() {
	_ = p.cmd.Wait() // the log says more than the exit status
	p.log.Close()
	p.stop()
	close(p.exited)
}

// watchReady closes ready when the server writes so into its pid file.
func (p *process) watchReady() {
	for {
		if _, status := readPidFile(p.layout.data); status == "ready" {
			close(p.ready)
			return
		}
		select {
		case <-p.exited:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// waitReady returns once the server accepts connections, or says why it did not.
func (p *process) waitReady(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return startError(p.layout, p.from, errors.New("PostgreSQL stopped right after its start"))
	case <-ctx.Done():
		return startError(p.layout, p.from, fmt.Errorf("wait for PostgreSQL: %w", ctx.Err()))
	}
}

func (p *process) isReady() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

// halt stops the server and returns when it is gone.
func (p *process) halt() {
	p.stop()
	select {
	case <-p.exited:
	case <-time.After(fastStop):
	}
	// The keeper's own helper, and everything if the shutdown hung.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
	_ = endLeftovers(p.layout) // the next start looks again
}

func openLog(l layout) (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(l.log()); err == nil && info.Size() > maxLogBytes {
		flags |= os.O_TRUNC
	}
	return os.OpenFile(l.log(), flags, 0o600)
}

// logSize is where the next start will begin in the log.
func logSize(l layout) int64 {
	info, err := os.Stat(l.log())
	if err != nil || info.Size() > maxLogBytes { // none, or about to be emptied
		return 0
	}
	return info.Size()
}

// startError adds what the server's log says since from, and what to do about it.
func startError(l layout, from int64, err error) error {
	text, _ := os.ReadFile(l.log()) // without it the error is shorter
	said := reason(string(text[min(from, int64(len(text))):]))
	if said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	if classified := classify(l.root, said, err); classified != err {
		return classified
	}
	return &Error{"postgresql_start", fmt.Sprintf("Read %s, mend what it says, and start again; or set DATABASE_URL to a database of your own.", l.log()), err}
}

// readPidFile returns the process id and the status in a data directory's
// postmaster.pid, 0 and "" if there is none.
// Source: src/include/utils/pidfile.h (line 1 is the id, line 8 the status).
func readPidFile(data string) (int, string) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(text), "\n")
	status := ""
	if len(lines) > 7 {
		status = strings.TrimSpace(lines[7])
	}
	return atoi(lines[0]), status
}

// quoteList quotes one element of a list-valued setting.
func quoteList(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
