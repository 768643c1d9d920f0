package jobs

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
)

func TestRiverSpeaksLow(t *testing.T) {
	for _, c := range []struct {
		name  string
		level slog.Level
		want  string
	}{
		{"at info only what goes wrong is heard, as a warning, once", slog.LevelInfo, "WARN Warned. WARN Failed."},
		{"at debug all the rest", slog.LevelDebug, "DEBUG Started. DEBUG Detail. WARN Warned. WARN Failed. DEBUG Started. DEBUG Detail."},
		{"at error nothing", slog.LevelError, ""},
	} {
		var said lines
		j := New(&store.Own{}, Config{Log: said.logger(c.level)})
		log := j.riverLog()
		for range 2 {
			log.Info("Started.")
			log.With("client", 1).WithGroup("g").Debug("Detail.")
			log.With("client", 1).Warn("Warned.")
			log.Error("Failed.")
		}
		var got []string
		for line := range strings.Lines(said.text()) {
			fields := strings.Fields(line)
			got = append(got, strings.TrimPrefix(fields[1], "level="), strings.TrimPrefix(fields[2], "msg="))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}

func TestRiverIsHeardAgainAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said lines
		log := New(&store.Own{}, Config{Log: said.logger(slog.LevelInfo)}).riverLog()
		for range 120 {
			log.Error("Error fetching jobs")
			time.Sleep(time.Second)
		}
		if got := said.with("Error fetching jobs"); got != 2 {
			t.Errorf("in two minutes it is said %d times, want 2", got)
		}
	})
}

func TestErrorsAreKeptAsCodes(t *testing.T) {
	for _, c := range []struct {
		err         error
		code, cause string
	}{
		{&Missing{}, "migration_missing", "the tables of background jobs, fluxmcp.river_*, are not there"},
		{fmt.Errorf("revoke: %w", &store.QueryError{SQLState: "42501", Message: "permission denied"}), "permission_denied", "revoke: PostgreSQL: permission denied (SQLSTATE 42501)"},
		{&NotRunning{err: errors.New("why")}, "jobs_unavailable", "why"},
		{errors.New("anything"), "internal", "anything"},
		{nil, "", ""},
	} {
		if c.err == nil {
			if got := cause(nil); got != "" {
				t.Errorf("no error has the cause %q, want none", got)
			}
			continue
		}
		if got := (&failure{c.err}).Error(); got != c.code || cause(c.err) != c.cause || !errors.Is(&failure{c.err}, c.err) {
			t.Errorf("%v: kept as %q with cause %q, want %q and %q", c.err, got, cause(c.err), c.code, c.cause)
		}
	}
}
