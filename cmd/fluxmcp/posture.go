package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/store"
)

// setupCommand is what mends a missing reader role.
const setupCommand = "fluxmcp guard setup-sql | psql -v ON_ERROR_STOP=1 \"$DATABASE_URL\""

// weakness is one thing that the role of agents' SQL can do beyond reading.
type weakness struct{ what, mend string }

// weaknesses looks at the role that runs agents' SQL.
func (c *cli) weaknesses(ctx context.Context, a *app) (role string, found []weakness, err error) {
	p, err := store.CheckPosture(ctx, a.db.Reader(), a.guard.ForbiddenNames())
	if err != nil {
		return "", nil, fmt.Errorf("check the role of agents' SQL: %w", err)
	}
	wanted := c.set.text("FLUXMCP_READER_ROLE")
	noReader := p.Role != wanted && (c.set.text("QUERY_DATABASE_URL") == "" || c.set.origin["FLUXMCP_READER_ROLE"] != "default")
	if noReader {
		found = append(found, weakness{
			what: fmt.Sprintf("there is no role %s that the login may enter, so agents' SQL runs as %s itself", wanted, p.Role),
			mend: setupCommand,
		})
	}
	for _, problem := range p.Problems {
		if problem.Severity == store.SeverityInfo {
			continue
		}
		w := weakness{strings.TrimSpace(problem.What + " " + problem.Subject), problem.Mend}
		if noReader {
			w.mend = setupCommand // what the application's own login can do is not ours to take away
		}
		found = append(found, w)
	}
	return p.Role, found, nil
}

// checkPosture tells of a role that can do more than read. With strict it
// waits for the answer and refuses; else it warns in the background, so that a
// client is answered at once. The check ends with ctx.
func (c *cli) checkPosture(ctx context.Context, a *app) error {
	strict, err := c.set.boolean("FLUXMCP_STRICT")
	if err != nil {
		return err
	}
	if strict {
		_, found, err := c.weaknesses(ctx, a)
		if err == nil && len(found) > 0 {
			err = &tooMuchPower{found: found}
		}
		return err
	}
	go func() {
		role, found, err := c.weaknesses(ctx, a)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.log.Warn("role of agents' SQL not checked", "cause", cause(err))
		case len(found) > 0:
			c.log.Warn("role of agents' SQL can do more than read", "role", role, "first", found[0].what, "count", len(found),
				"mend", found[0].mend, "all", "fluxmcp doctor")
		}
	}()
	return nil
}

// tooMuchPower refuses a start under --strict.
type tooMuchPower struct{ found []weakness }

func (e *tooMuchPower) Error() string {
	var b strings.Builder
	b.WriteString("--strict: the role of agents' SQL can do more than read:")
	for _, w := range e.found {
		b.WriteString("\n  - " + w.what)
		if w.mend != setupCommand {
			b.WriteString("\n    mend: " + w.mend)
		}
	}
	return b.String()
}

func (e *tooMuchPower) Code() string { return "role_too_powerful" }
func (e *tooMuchPower) Hint() string {
	return "Run `" + setupCommand + "`, which makes a reader role, and start again; give setup-sql the same --hide as before, or it shows those columns again."
}
