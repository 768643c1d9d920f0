//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// fileLock is an advisory lock of this open file; the kernel drops it when the
// process ends in whatever way. Children do not inherit it.
type fileLock struct{ f *os.File }

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

func openLock(path string) (fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fileLock{}, err
	}
	return fileLock{f}, nil
}

// try takes the lock if it is free for that kind.
func (l fileLock) try(kind int) (bool, error) {
	err := l.flock(kind | syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// wait blocks, without using the processor, until the lock is taken.
func (l fileLock) wait(kind int) error { return l.flock(kind) }

func (l fileLock) unlock() error { return l.flock(syscall.LOCK_UN) }

func (l fileLock) flock(how int) error {
	for {
		err := syscall.Flock(int(l.f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// acquire opens path and waits for the lock until ctx ends. It polls, because
// a blocking flock cannot be given up.
func acquire(ctx context.Context, path string, kind int) (fileLock, error) {
	l, err := openLock(path)
	if err != nil {
		return fileLock{}, err
	}
	pause := time.Millisecond
	for {
		ok, err := l.try(kind)
		if ok {
			return l, nil
		}
		if err != nil {
			l.release()
			return fileLock{}, fmt.Errorf("lock %s: %w", path, err)
		}
		if err := sleep(ctx, pause); err != nil {
			l.release()
			return fileLock{}, fmt.Errorf("wait for %s: %w", path, err)
		}
		pause = min(2*pause, 20*time.Millisecond)
	}
}

// release gives the lock up. The zero fileLock has nothing to release.
func (l fileLock) release() {
	if l.f != nil {
		l.f.Close()
	}
}

// isHeld reports whether some process holds path exclusively.
func isHeld(path string) (bool, error) {
	l, err := openLock(path)
	if err != nil {
		return false, err
	}
	defer l.release()
	free, err := l.try(shared)
	return !free, err
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
