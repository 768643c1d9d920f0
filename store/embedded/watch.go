//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// WatchCommand is the hidden argument with which this program is re-executed
// as the supervisor. A main function that uses Start must, before anything
// else, hand os.Args[2:] to Watch when os.Args[1] is WatchCommand.
const WatchCommand = "embedded-watch"

const (
	claimLimit = 2 * time.Second // to become supervisor; others look at the lock for moments
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// supervisor owns one server for as long as anybody uses it.
type supervisor struct {
	layout layout
	bin    binaries
	log    *slog.Logger
	idle   chan fileLock // delivers the gate once, when no holder is left
	term   chan os.Signal
}

// Watch is the supervisor process: args are the server's root directory and
// the directory of its binaries. It returns when no process holds the server
// any more, when it is told to end, or when the first start failed. It writes
// to standard error, which Start points at the server's log.
func Watch(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s takes 2 arguments and is not meant to be run by hand", WatchCommand)
	}
	l, err := layoutAt(args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), claimLimit)
	defer cancel()
	claim, err := acquire(ctx, l.watch(), exclusive)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // another one supervises
	}
	if err != nil {
		return err
	}
	s := &supervisor{layout: l, bin: binaries{dir: args[1]}, idle: make(chan fileLock, 1), term: make(chan os.Signal, 1),
		log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	signal.Ignore(syscall.SIGHUP)
	signal.Notify(s.term, syscall.SIGTERM, syscall.SIGINT)
	go s.awaitIdle()
	gate, err := s.run()
	claim.release() // before the gate: whoever passes it must see no supervisor
	gate.release()
	return err
}

// run starts the server, again whenever it dies, until it is no longer needed.
// It returns the gate if it holds it.
func (s *supervisor) run() (fileLock, error) {
	for pause, first := firstPause, true; ; first = false {
		began := time.Now()
		p, err := s.start()
		if err == nil {
			gate, over := s.attend(p)
			if over {
				return gate, nil
			}
			err = errors.New("PostgreSQL ended unexpectedly")
			first = first && !p.isReady()
		}
		if first {
			return fileLock{}, err // Start is waiting and reports it
		}
		if time.Since(began) > mostPause {
			pause = firstPause
		}
		s.log.Warn("embedded server restarts", "error", err, "pause", pause)
		select {
		case gate := <-s.idle:
			return gate, nil
		case <-s.term:
			return fileLock{}, nil
		case <-time.After(pause):
		}
		pause = min(2*pause, mostPause)
	}
}

func (s *supervisor) start() (*process, error) {
	if err := endLeftovers(s.layout); err != nil {
		return nil, err
	}
	return launch(s.layout, s.bin, nil, false)
}

// attend waits until the server has died (over is false) or is no longer
// needed and has been stopped.
func (s *supervisor) attend(p *process) (gate fileLock, over bool) {
	select {
	case <-p.exited:
		return fileLock{}, false
	case gate = <-s.idle:
	case <-s.term:
	}
	p.halt()
	return gate, true
}

// awaitIdle delivers the gate when no holder is left. The order of the locks
// is gate first, so the exclusive lock that woke it is given back and asked
// for again: a process that came in between keeps its server.
func (s *supervisor) awaitIdle() {
	for {
		gate, err := s.idleGate()
		if err != nil {
			s.log.Error("embedded server cannot watch its holders", "error", err)
			s.term <- syscall.SIGTERM
			return
		}
		if gate.f != nil {
			s.idle <- gate
			return
		}
	}
}

func (s *supervisor) idleGate() (fileLock, error) {
	holders, err := openLock(s.layout.holders())
	if err != nil {
		return fileLock{}, err
	}
	defer holders.release()
	if err := errors.Join(holders.wait(exclusive), holders.unlock()); err != nil {
		return fileLock{}, err
	}
	gate, err := acquire(context.Background(), s.layout.gate(), exclusive)
	if err != nil {
		return fileLock{}, err
	}
	if nobody, err := holders.try(exclusive); err != nil || !nobody {
		gate.release()
		return fileLock{}, err
	}
	return gate, nil
}
