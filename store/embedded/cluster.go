//go:build unix

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ownerRole owns the database; it is no superuser, so that nothing that runs
// as it can read files or start programs.
const (
	ownerRole    = "fluxmcp"
	adminRole    = "postgres"
	databaseName = "fluxmcp"
)

// bootstrapSQL runs in single-user mode, one command a line. CREATEROLE lets
// the owner make the reader role; pg_monitor is for health reports.
const bootstrapSQL = `CREATE ROLE fluxmcp LOGIN CREATEDB CREATEROLE
GRANT pg_monitor TO fluxmcp
CREATE DATABASE fluxmcp OWNER fluxmcp
`

const initdbOptions = "-U " + adminRole + " --encoding=UTF8 --auth=peer --data-checksums"

// makeCluster makes l.data unless it is there. The gate must be held. It works
// in a directory of its own and renames it at the end; what earlier, killed
// attempts left is removed.
func makeCluster(ctx context.Context, l layout, b binaries) error {
	if err := sweep(ctx, l); err != nil {
		return err
	}
	if exists(filepath.Join(l.data, "PG_VERSION")) {
		return nil
	}
	work, err := newDataDir(l)
	if err == nil {
		err = initialise(ctx, l.account, b, work)
	}
	if err == nil {
		err = os.Rename(work, l.data)
	}
	if err != nil {
		os.RemoveAll(work)
		return classify(l.root, err.Error(), fmt.Errorf("make the database cluster: %w", err))
	}
	return syncDir(l.root)
}

// sweep removes half-made clusters.
func sweep(ctx context.Context, l layout) error {
	left, _ := filepath.Glob(l.data + ".new-*") // errs on a malformed pattern only
	for _, dir := range left {
		if err := removeInUse(ctx, dir); err != nil {
			return classify(l.root, "", fmt.Errorf("remove a half-made cluster: %w", err))
		}
	}
	return nil
}

// dying is how long what made a cluster may go on writing after its parent was
// killed: it notices that when it next reads or writes.
const dying = 5 * time.Second

// removeInUse removes a directory in which a process that is dying may still
// make files.
func removeInUse(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, dying)
	defer cancel()
	for {
		err := os.RemoveAll(dir)
		if !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func newDataDir(l layout) (string, error) {
	work, err := os.MkdirTemp(l.root, filepath.Base(l.data)+".new-")
	if err != nil {
		return "", err
	}
	return work, l.account.give(work)
}

// initialise makes a whole cluster in dir: roles and database too.
func initialise(ctx context.Context, acct account, b binaries, dir string) error {
	if err := initdb(ctx, acct, b, dir, "C.UTF-8"); err != nil {
		// Not every system has C.UTF-8; C sorts the same way.
		if !strings.Contains(err.Error(), "invalid locale name") {
			return err
		}
		if err := initdb(ctx, acct, b, dir, "C"); err != nil {
			return err
		}
	}
	// One statement a line, and no checkpoint timer: single-user mode is the
	// way to have the database before anybody can connect.
	return run(ctx, acct, strings.NewReader(bootstrapSQL), b.postgres(), "--single", "-D", dir,
		"-c", "log_min_messages=error", "-c", "exit_on_error=on", "postgres")
}

func initdb(ctx context.Context, acct account, b binaries, dir, locale string) error {
	args := append([]string{"-D", dir, "--locale=" + locale}, strings.Fields(initdbOptions)...)
	return run(ctx, acct, nil, b.initdb(), args...)
}

// run executes a program under the account and puts what it printed into the error.
func run(ctx context.Context, acct account, stdin io.Reader, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	acct.apply(cmd)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("run %s: %w", filepath.Base(program), ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", filepath.Base(program), err, reason(out.String()))
	}
	return nil
}

// writeAccess writes the two files that say who may connect. They are written
// at each start, outside the data directory, so they follow this program.
func writeAccess(l layout) error {
	hba := "local all " + adminRole + " peer map=fluxmcp\n" +
		"local all " + ownerRole + " peer map=fluxmcp\n" +
		"local all all scram-sha-256\n"
	ident := ""
	for _, role := range []string{adminRole, ownerRole} {
		ident += fmt.Sprintf("fluxmcp %q %s\n", l.account.caller, role)
	}
	if err := replaceFile(l.hba(), hba); err != nil {
		return err
	}
	return replaceFile(l.ident(), ident)
}

// replaceFile writes a file that others may read, in one step, unless it has
// that text already.
func replaceFile(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
