//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	readyLimit = 60 * time.Second // from launch to the first connection; crash recovery takes a while
	closeLimit = fastStop + forcedStop + 2*time.Second
	keepEvery  = time.Second // how often a holder looks whether the supervisor lives
)

// Options say where the server lives. Only Dir is required.
type Options struct {
	Dir           string       // the user's data directory; the server uses its subdirectory "postgres"
	BinDir        string       // directory of initdb and postgres; empty: search
	RepositoryURL string       // mirror to fetch PostgreSQL from; empty: the public one
	Log           *slog.Logger // nil: none
	Progress      func(string) // told, in a few words, of each step that takes a while; nil: nobody
}

func (o Options) progress(step string) {
	if o.Progress != nil {
		o.Progress(step)
	}
}

// Server is this process's hold on the user's server. Methods are safe for
// concurrent use.
type Server struct {
	options Options
	layout  layout
	hold    fileLock
	cancel  context.CancelFunc // ends keep
	kept    chan struct{}      // closed when keep has ended
	once    sync.Once
	err     error
}

// Start returns a hold on the user's server, which it starts, and makes, when
// needed. Any number of processes may do so at once. ctx bounds the start only.
//
// Errors: *Error where the person at the keyboard can mend it.
func Start(ctx context.Context, o Options) (*Server, error) {
	if len(os.Args) > 1 && os.Args[1] == WatchCommand {
		// Without this a program that forgot Watch would start itself for ever.
		return nil, errors.New("embedded: this program does not hand " + WatchCommand + " to embedded.Watch")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := resolve(o.Dir, systemDir)
	if err != nil {
		return nil, err
	}
	if err := l.prepare(); err != nil {
		return nil, err
	}
	s := &Server{options: o, layout: l, kept: make(chan struct{})}
	if err := s.join(ctx); err != nil {
		s.hold.release()
		return nil, err
	}
	kept, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go s.keep(kept)
	return s, nil
}

// URL is the connection URL of the database fluxmcp, as its owner. It holds
// no secret: the server asks the kernel who is connecting.
func (s *Server) URL() string { return s.layout.url(ownerRole, databaseName) }

// AdminURL is the connection URL of the database fluxmcp, as superuser.
func (s *Server) AdminURL() string { return s.layout.url(adminRole, databaseName) }

// DataDir is the directory of the database cluster.
func (s *Server) DataDir() string { return s.layout.data }

// LogFile is the file the server and its supervisor log to.
func (s *Server) LogFile() string { return s.layout.log() }

// Close gives the hold back. For the last holder it returns when the server
// has stopped.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.cancel()
		<-s.kept
		s.hold.release()
		s.err = s.awaitStop()
	})
	return s.err
}

// awaitStop returns when the server has stopped or others hold it.
func (s *Server) awaitStop() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	holders, err := openLock(s.layout.holders())
	if err != nil {
		return err
	}
	defer holders.release()
	// The supervisor and other closing holders take the lock for moments, so
	// only a lock that stays taken means another holder.
	for taken := 0; taken < 10; {
		running, err := isHeld(s.layout.watch())
		if err != nil || !running {
			return err
		}
		nobody, err := holders.try(exclusive)
		if err != nil {
			return err
		}
		taken++
		if nobody {
			taken = 0
			err = holders.unlock()
		}
		if err = errors.Join(err, sleep(ctx, 5*time.Millisecond)); err != nil {
			return fmt.Errorf("wait for the embedded server to stop: %w", err)
		}
	}
	return nil
}

// keep starts a new supervisor when the old one was killed.
func (s *Server) keep(ctx context.Context) {
	defer close(s.kept)
	for sleep(ctx, keepEvery) == nil {
		running, err := isHeld(s.layout.watch())
		if err == nil && !running {
			s.options.Log.Warn("embedded server lost its supervisor")
			err = s.revive(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.options.Log.Error("embedded server cannot be kept", "error", err)
		}
	}
}

func (s *Server) revive(ctx context.Context) error {
	gate, err := acquire(ctx, s.layout.gate(), exclusive)
	if err != nil {
		return err
	}
	defer gate.release()
	return s.ensure(ctx)
}

// join takes the hold and sees that the server runs.
func (s *Server) join(ctx context.Context) error {
	gate, err := acquire(ctx, s.layout.gate(), exclusive)
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{"database_busy", "Wait until the other fluxmcp process has started or stopped the database, then try again.", err}
	}
	if err != nil {
		return classify(s.layout.root, "", err)
	}
	defer gate.release()
	if s.hold, err = acquire(ctx, s.layout.holders(), shared); err != nil {
		return classify(s.layout.root, "", err)
	}
	return s.ensure(ctx)
}

// ensure returns when the server answers. The gate must be held.
func (s *Server) ensure(ctx context.Context) error {
	running, err := isHeld(s.layout.watch())
	if err != nil {
		return err
	}
	var failed <-chan struct{}
	from := logSize(s.layout)
	if !running {
		b, err := cluster(ctx, s.layout, s.options)
		if err != nil {
			return err
		}
		s.options.progress("starting PostgreSQL " + fmt.Sprint(b.major))
		if failed, err = spawn(s.layout, b); err != nil {
			return err
		}
	}
	return s.awaitAnswer(ctx, from, failed)
}

// cluster finds the binaries and sees that there is a cluster of theirs.
func cluster(ctx context.Context, l layout, o Options) (binaries, error) {
	want, err := clusterMajor(l.data)
	if err != nil {
		return binaries{}, classify(l.root, "", fmt.Errorf("look at the database cluster: %w", err))
	}
	b, err := findBinaries(ctx, o.BinDir, l.fetched(), want)
	if errors.Is(err, errNoBinaries) {
		o.progress("fetching PostgreSQL " + fetchVersion + " (once)")
		b, err = fetchBinaries(ctx, o.RepositoryURL, l.fetched())
	}
	if err != nil {
		return binaries{}, err
	}
	if want == 0 {
		o.progress("making the database (once)")
	}
	return b, makeCluster(ctx, l, b)
}

// spawn starts the supervisor: in a session of its own, so that no terminal's
// and no process group's signal reaches it. The channel closes if it ends.
func spawn(l layout, b binaries) (<-chan struct{}, error) {
	program := "/proc/self/exe" // also when the file was replaced meanwhile
	if !exists(program) {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
	}
	log, err := openLog(l)
	if err != nil {
		return nil, classify(l.root, "", fmt.Errorf("open the server's log: %w", err))
	}
	defer log.Close()
	cmd := exec.Command(program, WatchCommand, l.root, b.dir)
	cmd.Args[0] = "fluxmcp" // for people who read process lists
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.Env = append(cleanEnvironment(), "GOMAXPROCS=1", "GOGC=20") // it mostly waits
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the database supervisor: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it has written the reason to the log
		close(ended)
	}()
	return ended, nil
}

// awaitAnswer connects until the server answers or failed closes. from is
// where this start began in the log.
func (s *Server) awaitAnswer(ctx context.Context, from int64, failed <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		err := ping(ctx, s.URL())
		var refused *pgconn.PgError
		if err == nil {
			return nil
		}
		if errors.As(err, &refused) && refused.Code != "57P03" { // cannot_connect_now
			return startError(s.layout, from, err)
		}
		select {
		case <-failed:
			return startError(s.layout, from, errors.New("PostgreSQL did not start"))
		case <-ctx.Done():
			return startError(s.layout, from, fmt.Errorf("wait for PostgreSQL: %w", ctx.Err()))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
