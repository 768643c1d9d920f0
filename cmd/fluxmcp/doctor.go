package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/spf13/cobra"
)

// errUnhealthy ends doctor with exit code 1.
var errUnhealthy = errors.New("not everything is well; see above")

func doctorCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check every dependency and say how to mend it",
		Long: "doctor checks the settings, the address and public URL, the keys of bearer tokens, the\n" +
			"database, the role of agents' SQL, the migrations, the audit, the clock, people's accounts\n" +
			"and their key, Redis, and that providers can be reached. Each line says what was found; what is wrong says how to mend it.",
		Example: "  fluxmcp doctor\n  DATABASE_URL=postgres://… fluxmcp doctor",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context()) },
	}
	addServeFlags(cmd, "sandbox")
	return cmd
}

// examination prints one line a check and remembers whether all went well.
type examination struct {
	c      *cli
	failed bool
}

func (e *examination) ok(what, found string) { fmt.Fprintf(e.c.io.out, "ok    %s: %s\n", what, found) }

func (e *examination) warn(what, found, mend string) {
	fmt.Fprintf(e.c.io.out, "warn  %s: %s\n      mend: %s\n", what, found, mend)
}

func (e *examination) fail(what string, err error) {
	e.failed = true
	fmt.Fprintf(e.c.io.out, "FAIL  %s: %v\n", what, err)
	if errors.As(err, new(*store.Unavailable)) {
		// The operator may see what the agent may not.
		fmt.Fprintf(e.c.io.out, "      cause: %s\n      mend: %s\n", cause(err), mendConnection(err))
		return
	}
	var told interface{ Hint() string }
	if errors.As(err, &told) {
		fmt.Fprintf(e.c.io.out, "      mend: %s\n", told.Hint())
	}
}

func (c *cli) doctor(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	e := &examination{c: c}
	e.listener(ctx)
	e.addresses(ctx)
	e.public(ctx)
	e.keys(ctx)
	a := e.settings(ctx)
	if a != nil {
		defer a.close()
		if e.database(ctx, a) {
			e.role(ctx, a)
			e.migrations(ctx, a)
			e.audit(ctx, a)
			e.clock(ctx, a)
			e.accounts(ctx, a)
		}
		e.redis(ctx, a)
	}
	e.providers(ctx, a)
	if e.failed {
		return errUnhealthy
	}
	return nil
}

func (e *examination) listener(ctx context.Context) {
	address := e.c.set.text("FLUXMCP_LISTEN")
	err := checkListen("FLUXMCP_LISTEN", address)
	auth := ""
	if err == nil {
		auth, err = authKind(e.c.set, address)
	}
	if err != nil {
		e.fail("address", err)
		return
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		e.warn("address", err.Error(), "Nothing to do if `fluxmcp serve` is running; else choose another address with --listen.")
		return
	}
	_ = l.Close() // only tried
	e.ok("address", address+" is free; authentication: "+auth)
}

// settings wires the program without serving; nil when that cannot be done.
func (e *examination) settings(ctx context.Context) *app {
	a, err := newApp(ctx, e.c.set, e.c.log, serving{})
	if err != nil {
		e.fail("settings", err)
		if a, err = newApp(ctx, e.c.set, e.c.log, serving{without: true}); err != nil {
			return nil
		}
		return a // what is wrong is about accounts: the rest can be looked at
	}
	for _, name := range append(unknownNames(e.c.environ), e.c.set.unknown...) {
		if _, declared := e.c.set.values[name]; declared {
			continue
		}
		wrong := misspelt(name)
		e.warn("settings", wrong.Error(), wrong.hint)
	}
	e.ok("settings", "all can be read")
	return a
}

func (e *examination) database(ctx context.Context, a *app) bool {
	what := "database"
	if a.private != nil {
		what = "private database"
		if _, err := a.private.url(ctx); err != nil {
			e.fail(what, err)
			return false
		}
	}
	start := time.Now()
	v, err := a.db.ServerVersion(ctx)
	if err != nil {
		e.fail(what, err)
		return false
	}
	found := fmt.Sprintf("PostgreSQL %s, answers in %s", v, time.Since(start).Round(100*time.Microsecond))
	if a.private != nil {
		found += ", data in " + a.private.server.DataDir()
	}
	e.ok(what, found)
	if err := a.keeper.Refresh(ctx); err != nil {
		e.fail("guard", err)
		return false
	}
	e.ok("guard", "knows the views and partitions over forbidden tables")
	return true
}

func (e *examination) role(ctx context.Context, a *app) {
	role, found, err := e.c.weaknesses(ctx, a)
	if err != nil {
		e.fail("role", err)
		return
	}
	if len(found) == 0 {
		e.ok("role", "agents' SQL runs as "+role+", which can only read")
	}
	last := ""
	for i, w := range found {
		if i > 0 && w.mend == last {
			fmt.Fprintf(e.c.io.out, "      also: %s\n", w.what)
			continue
		}
		e.warn("role "+role, w.what, w.mend)
		last = w.mend
	}
}

func (e *examination) migrations(ctx context.Context, a *app) {
	const what = "fluxmcp's own tables"
	url := e.c.set.text("DATABASE_URL")
	if a.private != nil {
		url = a.private.server.URL() // ready: the database has answered
	}
	if url == "" {
		e.ok(what, "not looked at: DATABASE_URL is not set")
		return
	}
	all, err := store.MigrationStatus(ctx, url)
	if err != nil {
		e.fail(what, err)
		return
	}
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			e.warn(what, m.Label()+" is not applied", "Run `fluxmcp migrate up`; it touches nothing of yours.")
			return
		}
	}
	e.ok(what, fmt.Sprintf("all %d migrations applied", len(all)))
}
