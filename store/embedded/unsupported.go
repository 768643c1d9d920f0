//go:build !unix

package embedded

import (
	"context"
	"errors"
	"log/slog"
)

// WatchCommand is the hidden argument of the supervisor process.
const WatchCommand = "embedded-watch"

// Options say where the server lives.
type Options struct {
	Dir           string       // the user's data directory
	BinDir        string       // directory of initdb and postgres
	RepositoryURL string       // mirror to fetch PostgreSQL from
	Log           *slog.Logger // nil: none
	Progress      func(string) // told of each step that takes a while
}

// Error is returned by Start on this system.
type Error struct{}

// Error says what went wrong.
func (Error) Error() string { return "the embedded database needs Linux, macOS or another Unix" }

// Code returns the stable name of the kind of failure.
func (Error) Code() string { return "postgresql_not_found" }

// Hint returns one sentence that says what to do.
func (Error) Hint() string { return "Set DATABASE_URL to a PostgreSQL database of your own." }

// Server does not exist on this system.
type Server struct{}

// Start returns an Error: there is no embedded server on this system.
func Start(context.Context, Options) (*Server, error) { return nil, &Error{} }

// URL returns "".
func (*Server) URL() string { return "" }

// AdminURL returns "".
func (*Server) AdminURL() string { return "" }

// DataDir returns "".
func (*Server) DataDir() string { return "" }

// LogFile returns "".
func (*Server) LogFile() string { return "" }

// Close does nothing.
func (*Server) Close() error { return nil }

// Watch returns an error: there is nothing to supervise.
func Watch([]string) error { return errors.New("embedded: not supported on this system") }
