//go:build unix

package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFirstStartMakesAPrivateServer(t *testing.T) {
	dir := emptyDir(t, "/tmp") // on disk, as for a user
	began := time.Now()
	s := start(t, dir)
	t.Logf("cold start %v", time.Since(began))
	for _, c := range []struct{ name, sql, want string }{
		{"the role is the owner", "SELECT current_user", "fluxmcp"},
		{"the role is no superuser", "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user", "false"},
		{"the role may make tables", "SELECT has_schema_privilege('public', 'create')::text", "true"},
		{"there is no TCP port", "SELECT current_setting('listen_addresses')", ""},
		{"the encoding is UTF8", "SELECT current_setting('server_encoding')", "UTF8"},
		{"the time zone is UTC", "SELECT current_setting('timezone')", "UTC"},
		{"data survive a power cut", "SELECT current_setting('fsync')", "on"},
		{"pages have checksums", "SELECT current_setting('data_checksums')", "on"},
	} {
		got, err := query(s.URL(), c.sql)
		if err != nil || got != c.want {
			t.Errorf("%s: %s = %q, %v; want %q", c.name, c.sql, got, err, c.want)
		}
	}
	info, err := os.Stat(layoutOf(t, dir).run)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("socket directory: %v, %v; want mode 0700", info, err)
	}
}

func TestServerStopsWithItsLastHolder(t *testing.T) {
	dir := readyDir(t)
	l := layoutOf(t, dir)
	began := time.Now()
	first := start(t, dir)
	t.Logf("warm start %v", time.Since(began))
	began = time.Now()
	second := start(t, dir)
	t.Logf("warm join %v", time.Since(began))

	if err := first.Close(); err != nil {
		t.Fatalf("first Close: %v", err)
	}
	if got := mustQuery(t, second.URL(), "SELECT 'alive'"); got != "alive" {
		t.Fatalf("after the first of two holders left: %q, want alive", got)
	}
	began = time.Now()
	if err := second.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	t.Logf("last close %v", time.Since(began))
	if pids := serverProcesses(l.data); len(pids) > 0 {
		t.Errorf("after the last Close processes %v run, want none", pids)
	}
	if err := second.Close(); err != nil {
		t.Errorf("Close once more: %v, want nil", err)
	}
}

func TestProcessesShareOneServer(t *testing.T) {
	dir := readyDir(t)
	a, b := startHolder(t, dir), startHolder(t, dir)
	urlA, urlB := a.url(t), b.url(t)
	const started = "SELECT pg_postmaster_start_time()::text"
	if one, two := mustQuery(t, urlA, started), mustQuery(t, urlB, started); one != two {
		t.Errorf("server started %s for one process and %s for the other, want one server", one, two)
	}
	a.kill() // the one whose child the supervisor is
	if got := mustQuery(t, urlB, "SELECT 'alive'"); got != "alive" {
		t.Errorf("after kill -9 of the first holder: %q, want alive", got)
	}
	b.leave(t)
	if pids := serverProcesses(layoutOf(t, dir).data); len(pids) > 0 {
		t.Errorf("after the last holder left processes %v run, want none", pids)
	}
}

func TestFiveFirstStartsAtOnceMakeOneCluster(t *testing.T) {
	dir := emptyDir(t)
	var holders []*holder
	for range 5 {
		holders = append(holders, startHolder(t, dir))
	}
	ids := map[string]bool{}
	for _, h := range holders {
		ids[mustQuery(t, h.url(t), "SELECT system_identifier::text || pg_postmaster_start_time() FROM pg_control_system()")] = true
	}
	if len(ids) != 1 {
		t.Errorf("five processes see %d servers, want 1: %v", len(ids), ids)
	}
	for _, h := range holders {
		h.leave(t)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, h *holder, l layout)
	}{
		{"kill -9 of the only holder", func(_ *testing.T, h *holder, _ layout) { h.kill() }},
		{"kill -9 of holder and supervisor at once", func(t *testing.T, h *holder, l layout) {
			watcher := supervisorPID(l.root)
			if watcher == 0 {
				t.Fatal("no supervisor found")
			}
			signalAll([]int{watcher, h.cmd.Process.Pid}, syscall.SIGKILL)
			h.kill()
		}},
		{"kill -9 of holder and server at once", func(_ *testing.T, h *holder, l layout) {
			signalAll(serverProcesses(l.data), syscall.SIGKILL)
			h.kill()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := readyDir(t)
			l := layoutOf(t, dir)
			h := startHolder(t, dir)
			h.url(t)
			c.end(t, h, l)
			if !within(5*time.Second, func() bool { return len(serverProcesses(l.data)) == 0 && supervisorPID(l.root) == 0 }) {
				t.Fatalf("still running: server %v, supervisor %d", serverProcesses(l.data), supervisorPID(l.root))
			}
			s := start(t, dir)
			if got := mustQuery(t, s.URL(), "SELECT 'again'"); got != "again" {
				t.Errorf("next start: %q, want again", got)
			}
		})
	}
}

// TestNewcomerKeepsTheServer lets a holder come exactly when the supervisor
// has noticed that the last one left, and waits for its turn to stop.
func TestNewcomerKeepsTheServer(t *testing.T) {
	dir := readyDir(t)
	l := layoutOf(t, dir)
	h := startHolder(t, dir)
	url := h.url(t)
	supervisor := supervisorPID(l.root)
	atGate := func() bool {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", supervisor))
		for _, fd := range open {
			if path, err := os.Readlink(fd); err == nil && path == l.gate() {
				return true
			}
		}
		return false
	}
	gate, err := acquire(t.Context(), l.gate(), exclusive)
	if err != nil {
		t.Fatal(err)
	}
	h.kill()
	if !within(5*time.Second, atGate) {
		t.Fatal("the supervisor did not notice that the last holder left")
	}
	newcomer, err := acquire(t.Context(), l.holders(), shared)
	if err != nil {
		t.Fatal(err)
	}
	defer newcomer.release()
	gate.release()
	if !within(5*time.Second, func() bool { return !atGate() }) {
		t.Error("the supervisor did not give the gate back")
	}
	if got, err := query(url, "SELECT 'alive'"); err != nil || got != "alive" {
		t.Errorf("for the newcomer the server answers %q, %v; want alive", got, err)
	}
}

func TestServerComesBackWhileHeld(t *testing.T) {
	postmaster := func(t *testing.T, l layout) {
		pid, _ := readPidFile(l.data)
		signalAll([]int{pid}, syscall.SIGKILL)
	}
	for _, c := range []struct {
		name string
		kill func(t *testing.T, l layout)
	}{
		{"kill -9 of the postmaster", postmaster},
		{"kill -9 of the postmaster under a busy backend", func(t *testing.T, l layout) {
			busy := make(chan struct{})
			go func() {
				close(busy)
				_, _ = query(l.url(ownerRole, databaseName), "SELECT count(*)::text FROM generate_series(1, 4000000000)") // ends with its server
			}()
			<-busy
			running := func() bool {
				n, err := query(l.url(adminRole, databaseName), "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%4000000000%' AND pid <> pg_backend_pid()")
				return err == nil && n == "1"
			}
			if !within(5*time.Second, running) {
				t.Fatal("the query did not begin")
			}
			postmaster(t, l)
		}},
		{"kill -9 of the supervisor", func(t *testing.T, l layout) { signalAll([]int{supervisorPID(l.root)}, syscall.SIGKILL) }},
		{"kill -9 of both", func(t *testing.T, l layout) {
			signalAll([]int{supervisorPID(l.root)}, syscall.SIGKILL)
			postmaster(t, l)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := readyDir(t)
			l := layoutOf(t, dir)
			s := start(t, dir)
			if _, err := query(s.URL(), "CREATE TABLE kept AS SELECT 'kept' AS v"); err != nil && !strings.Contains(err.Error(), "no rows") {
				t.Fatal(err)
			}
			before := mustQuery(t, s.URL(), "SELECT pg_postmaster_start_time()::text")
			began := time.Now()
			c.kill(t, l)
			back := func() bool {
				now, err := query(s.URL(), "SELECT pg_postmaster_start_time()::text")
				return err == nil && now != before
			}
			if !within(15*time.Second, back) {
				log, _ := os.ReadFile(l.log())
				t.Fatalf("the server did not come back; log:\n%s", log)
			}
			t.Logf("back after %v", time.Since(began))
			if got := mustQuery(t, s.URL(), "SELECT v FROM kept"); got != "kept" {
				t.Errorf("after the crash the table holds %q, want kept", got)
			}
		})
	}
}

func TestStartRecoversFromWhatWasLeft(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave func(t *testing.T, l layout)
	}{
		{"a pid file whose number another process of the account has now", func(t *testing.T, l layout) {
			other := exec.Command("sleep", "60")
			l.account.apply(other)
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { other.Process.Kill(); other.Wait() })
			pid := strconv.Itoa(other.Process.Pid)
			writeFile(t, filepath.Join(l.data, "postmaster.pid"), pid+"\n"+l.data+"\n1\n5432\n"+l.run+"\n\n  0 0\nready   \n")
			writeFile(t, filepath.Join(l.run, socketName+".lock"), pid+"\n")
			writeFile(t, filepath.Join(l.run, socketName), "")
		}},
		{"a half-made cluster", func(t *testing.T, l layout) {
			if err := os.MkdirAll(l.data+".new-1/base", 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{"lock files without holders", func(t *testing.T, l layout) {
			for _, path := range []string{l.gate(), l.holders(), l.watch()} {
				writeFile(t, path, "")
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := readyDir(t)
			l := layoutOf(t, dir)
			c.leave(t, l)
			s := start(t, dir)
			if got := mustQuery(t, s.URL(), "SELECT 'ok'"); got != "ok" {
				t.Errorf("got %q, want ok", got)
			}
			if left, _ := filepath.Glob(l.data + ".new-*"); len(left) > 0 {
				t.Errorf("left over: %v, want nothing", left)
			}
		})
	}
}

func TestKillWhileTheClusterIsMadeLosesNothing(t *testing.T) {
	dir := emptyDir(t)
	l := layoutOf(t, dir)
	h := startHolder(t, dir)
	made := func() bool {
		left, _ := filepath.Glob(l.data + ".new-*/PG_VERSION")
		return len(left) > 0
	}
	if !within(10*time.Second, made) {
		t.Fatal("initdb did not begin")
	}
	h.kill()
	if exists(l.data) {
		t.Fatalf("%s exists although its making was cut short", l.data)
	}
	s := start(t, dir)
	if got := mustQuery(t, s.URL(), "SELECT 'ok'"); got != "ok" {
		t.Errorf("got %q, want ok", got)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	var stopped *Error
	notADirectory := filepath.Join(emptyDir(t), "file")
	writeFile(t, notADirectory, "")
	old := readyDir(t)
	writeFile(t, filepath.Join(layoutOf(t, old).data, "PG_VERSION"), "12\n")
	broken := readyDir(t)
	writeFile(t, filepath.Join(layoutOf(t, broken).data, "postgresql.conf"), "nonsense\n")
	for _, c := range []struct {
		name, dir, bin, code, hint string
	}{
		{"no binaries where the setting points", emptyDir(t), "/nonexistent", "postgresql_not_found", "initdb"},
		{"a cluster of a version that is not installed", old, "", "postgresql_version", "12"},
		{"a configuration that PostgreSQL refuses", broken, "", "postgresql_start", "postgres.log"},
		{"a data directory below a file", notADirectory, "", "data_dir", notADirectory},
	} {
		s, err := Start(t.Context(), Options{Dir: c.dir, BinDir: c.bin})
		if err == nil {
			s.Close()
		}
		if !errors.As(err, &stopped) || stopped.Code() != c.code || !strings.Contains(stopped.Hint(), c.hint) {
			t.Errorf("%s: got %v (%+v), want code %s and a hint with %q", c.name, err, stopped, c.code, c.hint)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name, output string
		err          error
		code         string
	}{
		{"full disk, told by the system", "", fmt.Errorf("write: %w", syscall.ENOSPC), "disk_full"},
		{"full disk, told by PostgreSQL", "could not write to file: No space left on device", errors.New("x"), "disk_full"},
		{"full disk, told by our supervisor", "write pg_hba.conf: no space left on device", errors.New("x"), "disk_full"},
		{"no permission", "", fmt.Errorf("mkdir: %w", syscall.EACCES), "data_dir"},
		{"read-only file system", "", fmt.Errorf("mkdir: %w", syscall.EROFS), "data_dir"},
		{"anything else", "", errors.New("x"), ""},
	} {
		var own *Error
		got := ""
		if errors.As(classify("/d", c.output, c.err), &own) {
			got = own.Code()
		}
		if got != c.code {
			t.Errorf("%s: code %q, want %q", c.name, got, c.code)
		}
	}
}

// TestOtherAccountsMayNotConnect needs root, which alone can be somebody else.
func TestOtherAccountsMayNotConnect(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	dir := readyDir(t)
	s := start(t, dir)
	l := layoutOf(t, dir)
	program := programForAll(t)
	for _, c := range []struct {
		name string
		uid  int
		mode os.FileMode // of the socket's directory
		want string
	}{
		{"another account cannot reach the socket", 65533, 0o700, "permission denied"},
		{"nor is it let in where it can", 65533, 0o755, "permission denied"},
		{"not even the server's own account is", l.account.uid, 0o700, "Peer authentication failed"},
	} {
		for _, url := range []string{s.URL(), s.AdminURL()} {
			if err := os.Chmod(l.run, c.mode); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program, "connect", url)
			account{uid: c.uid, gid: 65534, drop: true}.apply(cmd)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%s: %s printed %q (%v), want %q", c.name, url, out, err, c.want)
			}
		}
	}
}

func TestReasonIsWhatMatters(t *testing.T) {
	for _, c := range []struct{ name, output, want string }{
		{"marked lines alone", "creating files ... ok\nrunning ... 2026 FATAL:  could not write\ninitdb: removing contents\n", "running ... 2026 FATAL:  could not write"},
		{"the last lines where none is marked", "a\nb\n\nc\nd\n", "b; c; d"},
		{"not what every start says", "FATAL:  the database system is starting up\nPANIC:  x", "PANIC:  x"},
		{"nothing from nothing", "", ""},
	} {
		if got := reason(c.output); got != c.want {
			t.Errorf("%s: reason(%q) = %q, want %q", c.name, c.output, got, c.want)
		}
	}
}

// TestAsAnOrdinaryUser runs this package's tests again as nobody when they run
// as root, because the two take different ways.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	cmd := exec.CommandContext(t.Context(), programForAll(t), "-test.v", "-test.run",
		"^(TestFirstStart|TestServerStops|TestProcesses|TestNothing|TestUnwritable|TestPrivate)")
	account{uid: 65534, gid: 65534, drop: true}.apply(cmd)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "--- PASS: TestUnwritable") {
		t.Errorf("as nobody: %v\n%s", err, out.String())
	}
}

func TestUnwritableDirectoryIsNamed(t *testing.T) {
	if os.Geteuid() == 0 {
		return // root writes everywhere; TestAsAnOrdinaryUser runs this one
	}
	dir := emptyDir(t)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: filepath.Join(dir, "sub")})
	var own *Error
	if !errors.As(err, &own) || own.Code() != "data_dir" || !strings.Contains(own.Hint(), dir) {
		t.Errorf("got %v, want code data_dir and a hint with %s", err, dir)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
