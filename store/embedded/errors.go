//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Error is a failure that the person at the keyboard can mend. Code is one of
// postgresql_not_found, postgresql_download, postgresql_version, data_dir,
// disk_full, postgresql_start and database_busy.
type Error struct {
	code string
	hint string
	err  error
}

// Error says what went wrong, with its cause.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Code returns the stable name of the kind of failure.
func (e *Error) Code() string { return e.code }

// Hint returns one sentence that names the command which mends it.
func (e *Error) Hint() string { return e.hint }

// platformInstall maps a file that marks a platform to its install command.
// The order matters: the first mark that exists wins.
func platformInstall() [][2]string {
	return [][2]string{
		{"/etc/debian_version", "apt-get install -y postgresql"},
		{"/etc/alpine-release", "apk add postgresql"},
		{"/etc/arch-release", "pacman -S postgresql"},
		{"/etc/fedora-release", "dnf install -y postgresql-server"},
		{"/etc/redhat-release", "dnf install -y postgresql-server"},
	}
}

// installHint names the one command that installs PostgreSQL here; version is
// a major version that is needed, or 0 for any.
func installHint(version int) string {
	command := ""
	for _, p := range platformInstall() {
		if _, err := os.Stat(p[0]); err == nil {
			command = p[1]
			break
		}
	}
	if command == "" {
		return "Run `brew install postgresql@17` (or install PostgreSQL 13 or later in another way), or set DATABASE_URL to a database of your own."
	}
	if version > 0 && strings.HasPrefix(command, "apt-get") {
		command = fmt.Sprintf("apt-get install -y postgresql-%d", version)
	}
	if os.Geteuid() != 0 {
		command = "sudo " + command
	}
	return "Run `" + command + "`, or set DATABASE_URL to a database of your own."
}

// classify turns a failure while working in dir into an Error when its cause
// is one that the caller can mend; output is what a child process printed.
// The texts of PostgreSQL are stable because it runs with LC_MESSAGES=C.
func classify(dir, output string, err error) error {
	var own *Error
	output = strings.ToLower(output) // Go and C spell the system's errors differently
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT),
		strings.Contains(output, "no space left on device"), strings.Contains(output, "disk quota exceeded"):
		return &Error{"disk_full", fmt.Sprintf("Free at least 100 MB where `df -h %s` points, or set DATABASE_URL to a database of your own.", dir), err}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR),
		strings.Contains(output, "permission denied"), strings.Contains(output, "read-only file system"):
		return &Error{"data_dir", fmt.Sprintf("Make %s writable for this user (`ls -ld %s` shows who owns it), or choose another data directory.", dir, dir), err}
	}
	return err
}

// reason is what a program's output says about its failure: the lines that
// PostgreSQL marks as errors, or else the last few.
func reason(output string) string {
	var marked, all []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		all = append(all, line)
		for _, mark := range []string{"FATAL:", "ERROR:", "PANIC:", "error:", "fatal:"} {
			if strings.Contains(line, mark) && !strings.Contains(line, "is starting up") {
				marked = append(marked, line)
				break
			}
		}
	}
	if len(marked) == 0 {
		marked = all[max(0, len(all)-3):]
	}
	return strings.Join(marked[max(0, len(marked)-3):], "; ")
}
