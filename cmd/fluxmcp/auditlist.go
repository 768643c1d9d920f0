package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/spf13/cobra"
)

// listed is what `audit` is asked for.
type listed struct {
	audit.Filter
	since time.Duration
	json  bool
}

func auditCommand(c *cli) *cobra.Command {
	var in listed
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List who called what",
		Long: "audit lists the calls of tools, the newest first: who, which tool, which objects,\n" +
			"how it ended, how long it took, and the ids under which logs and traces have it.\n" +
			"Arguments and results are not recorded, only a digest of the arguments.",
		Example: "  fluxmcp audit --since 1h\n" +
			"  fluxmcp audit --user alice --outcome forbidden_table\n" +
			"  fluxmcp audit --tool query --limit 1000 --json | jq .subject",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listAudit(cmd, in) },
	}
	flags := cmd.Flags()
	flags.DurationVar(&in.since, "since", 0, "only calls of this long ago or less, such as 24h")
	flags.StringVar(&in.Principal, "user", "", "only calls of this subject, or issuer|subject")
	flags.StringVar(&in.Tool, "tool", "", "only calls of this tool")
	flags.StringVar(&in.Outcome, "outcome", "", "only calls that ended so: ok, or a code such as forbidden_table")
	flags.IntVar(&in.Limit, "limit", 50, "most calls, up to 1000")
	flags.Int64Var(&in.Filter.Before, "before", 0, "only calls before the one of this id, for the next page")
	flags.BoolVar(&in.json, "json", false, "print one JSON object a line")
	return cmd
}

func (c *cli) listAudit(cmd *cobra.Command, in listed) error {
	if in.Limit < 1 || in.Limit > audit.MaxLimit {
		return &usageError{fmt.Errorf("--limit is not from 1 to %d", audit.MaxLimit)}
	}
	if in.since < 0 {
		return &usageError{fmt.Errorf("--since is negative")}
	}
	if in.since > 0 {
		in.Since = time.Now().Add(-in.since)
	}
	url, done, err := c.database(cmd.Context())
	if err != nil {
		return err
	}
	defer done()
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	log := audit.New(db.Own(), audit.Options{})
	defer func() { _ = log.Close(cmd.Context()) }() // nothing was queued
	rows, err := log.List(cmd.Context(), in.Filter)
	if err != nil {
		return err
	}
	if in.json {
		return c.printAuditJSON(rows)
	}
	return c.printAudit(rows)
}

func (c *cli) printAudit(rows []audit.Row) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(c.io.out, "no such call is recorded")
		return err
	}
	w := tabwriter.NewWriter(c.io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tTIME\tWHO\tTOOL\tOUTCOME\tTOOK\tOBJECTS\tADDRESS\tREQUEST\tTRACE")
	for _, r := range rows {
		took := r.Duration.Round(10 * time.Microsecond).String()
		if r.Outcome == audit.OutcomeStarted {
			took = "-"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.At.UTC().Format("2006-01-02 15:04:05.000Z"),
			oneLine(r.Issuer+"|"+r.Subject), oneLine(r.Tool), oneLine(r.Outcome), took, dash(oneLine(strings.Join(r.Objects, ","))), dash(r.Address), dash(r.RequestID), dash(r.TraceID))
	}
	return w.Flush()
}

// oneLine keeps what others wrote from looking like a line, a column or
// something else than it is.
func oneLine(s string) string {
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if strings.Contains(plain, " ") {
		return strconv.Quote(plain)
	}
	return plain
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (c *cli) printAuditJSON(rows []audit.Row) error {
	enc := json.NewEncoder(c.io.out)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return nil
}
