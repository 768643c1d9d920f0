//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// PrivateOptions describe a server that one process has for itself.
type PrivateOptions struct {
	Options
	Template  string   // another Options.Dir whose cluster (made when needed) is copied: faster than making one; or ""
	Settings  []string // further server settings, as name=value
	Ephemeral bool     // the cluster's files are removed once the server is gone, however this process ends
}

// Private is a server of this process alone, without a supervisor: it is not
// restarted when it dies, and it ends with this process. It is meant for
// tests. Methods are not safe for concurrent use.
type Private struct {
	options PrivateOptions
	layout  layout
	bin     binaries
	process *process // nil while stopped
}

// StartPrivate makes and starts a server in o.Dir, which no other process may
// be using.
func StartPrivate(ctx context.Context, o PrivateOptions) (*Private, error) {
	l, err := resolve(o.Dir, systemDir)
	if err != nil {
		return nil, err
	}
	if err := l.prepare(); err != nil {
		return nil, err
	}
	s := &Private{options: o, layout: l}
	if o.Template != "" {
		s.bin, err = copyTemplate(ctx, o, l)
	} else {
		s.bin, err = cluster(ctx, l, o.Options)
	}
	if err != nil {
		return nil, err
	}
	return s, s.Start(ctx)
}

// URL is the connection URL of the database fluxmcp, as its owner.
func (s *Private) URL() string { return s.layout.url(ownerRole, databaseName) }

// AdminURL is the connection URL of the database fluxmcp, as superuser.
func (s *Private) AdminURL() string { return s.layout.url(adminRole, databaseName) }

// Start starts the server again after Stop or Kill. It fails while it runs.
func (s *Private) Start(ctx context.Context) error {
	if s.process != nil {
		return errors.New("embedded: the server runs already")
	}
	if err := endLeftovers(s.layout); err != nil {
		return err
	}
	p, err := launch(s.layout, s.bin, s.options.Settings, s.options.Ephemeral)
	if err != nil {
		return err
	}
	if err := p.waitReady(ctx); err != nil {
		p.halt()
		return err
	}
	s.process = p
	return nil
}

// Stop shuts the server down, disconnecting everybody.
func (s *Private) Stop() {
	if s.process != nil {
		s.process.halt()
		s.process = nil
	}
}

// Kill ends the server as a crash would, with SIGKILL.
func (s *Private) Kill() {
	if s.process != nil {
		signalAll(serverProcesses(s.layout.data), syscall.SIGKILL)
		s.Stop()
	}
}

// Close stops the server and removes everything of it.
func (s *Private) Close() error {
	s.Stop()
	return errors.Join(os.RemoveAll(s.layout.root), os.RemoveAll(s.layout.run))
}

// copyTemplate makes l.data a copy of the template's cluster. There is one
// template for each version of PostgreSQL and of what a cluster is made with,
// so a cached one is never a stale one.
func copyTemplate(ctx context.Context, o PrivateOptions, l layout) (binaries, error) {
	b, err := findBinaries(ctx, o.BinDir, l.fetched(), 0)
	if err != nil && !errors.Is(err, errNoBinaries) {
		return b, err
	}
	options := o.Options
	options.Dir = filepath.Join(o.Template, strconv.Itoa(b.major)+"-"+shortHash(bootstrapSQL+initdbOptions))
	from, err := resolve(options.Dir, systemDir)
	if err != nil {
		return binaries{}, err
	}
	if err := from.prepare(); err != nil {
		return binaries{}, err
	}
	gate, err := acquire(ctx, from.gate(), exclusive)
	if err != nil {
		return binaries{}, err
	}
	defer gate.release()
	b, err = cluster(ctx, from, options)
	if err != nil {
		return b, err
	}
	if exists(filepath.Join(l.data, "PG_VERSION")) {
		return b, nil
	}
	work, err := newDataDir(l)
	if err != nil {
		return b, fmt.Errorf("copy the template cluster: %w", err)
	}
	if err := run(ctx, l.account, nil, "cp", "-Rp", from.data+"/.", work); err != nil {
		return b, classify(l.root, err.Error(), fmt.Errorf("copy the template cluster: %w", err))
	}
	return b, os.Rename(work, l.data)
}
