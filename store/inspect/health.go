package inspect

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/health/*.sql
var healthSQL embed.FS

// Finding is one thing that was looked at. The statements in Advice are for
// the operator: agents only read.
type Finding struct {
	Severity string // critical, warning, info, ok
	Area     string // such as indexes, vacuum, sequences
	Subject  string // the table, index or part of the server; tables outside search_path with schema
	Measure  string // what was found, with figures
	Advice   string // what to do, imperative, with the SQL where there is one; empty when ok
}

// Health is the state of the database as the reader role may see it.
type Health struct {
	Findings []Finding // worst first, then by area and subject
}

// Health looks at caches, indexes, foreign keys, bloat, vacuum, connections,
// transactions, id and sequence headroom, replication and checksums. Relations
// that agents may not read do not appear; what the role or the server's
// version does not show becomes an info finding.
func (in *Inspector) Health(ctx context.Context) (Health, error) {
	list, err := in.List(ctx)
	if err != nil {
		return Health{}, err
	}
	visible := make(map[[2]string]bool, len(list))
	for _, t := range list {
		visible[[2]string{t.Schema, t.Name}] = true
	}
	files, err := healthSQL.ReadDir("queries/health")
	if err != nil {
		return Health{}, fmt.Errorf("list health queries: %w", err)
	}
	var h Health
	for _, f := range files {
		found, err := in.healthSection(ctx, f.Name(), visible)
		if err != nil {
			return Health{}, err
		}
		h.Findings = append(h.Findings, found...)
	}
	slices.SortStableFunc(h.Findings, func(a, b Finding) int {
		return cmp.Or(store.SeverityRank(a.Severity)-store.SeverityRank(b.Severity), cmp.Compare(a.Area, b.Area), cmp.Compare(a.Subject, b.Subject))
	})
	return h, nil
}

// healthSection runs one file: each row is severity, area, schema and name of
// the relation concerned (empty for the server), subject, measure and advice.
func (in *Inspector) healthSection(ctx context.Context, file string, visible map[[2]string]bool) ([]Finding, error) {
	text, err := healthSQL.ReadFile("queries/health/" + file)
	if err != nil {
		return nil, fmt.Errorf("read health query: %w", err)
	}
	type row struct{ Severity, Area, Schema, Name, Subject, Measure, Advice string }
	rows, err := store.ReadAll[row](ctx, in.r, own.SQL(text))
	area := strings.ReplaceAll(strings.TrimSuffix(file, ".sql"), "_", " ")
	if refused := (*store.QueryError)(nil); errors.As(err, &refused) {
		return []Finding{notShown(area, refused)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", area, err)
	}
	var found []Finding
	for _, v := range rows {
		if v.Name != "" && !visible[[2]string{v.Schema, v.Name}] {
			continue
		}
		subject := v.Subject
		if v.Name != "" && v.Schema != "public" {
			subject = v.Schema + "." + subject
		}
		found = append(found, Finding{v.Severity, v.Area, subject, v.Measure, v.Advice})
	}
	return found, nil
}

// notShown says that a section could not be read, and why as far as it helps.
func notShown(area string, e *store.QueryError) Finding {
	advice := "Run fluxmcp doctor for the versions supported."
	reason := "not available on this server"
	switch e.Code() {
	case "permission_denied":
		reason, advice = "not visible to this role", "Grant pg_monitor to the reader role if it should be reported."
	case "timeout":
		reason, advice = "took too long to look at", "Call again when the server is less busy."
	}
	return Finding{store.SeverityInfo, area, "server", reason + " (SQLSTATE " + e.SQLState + ")", advice}
}
