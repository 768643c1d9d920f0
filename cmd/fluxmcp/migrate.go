package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/spf13/cobra"
)

func migrateCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Create or remove fluxmcp's own tables",
		Long: "migrate manages the schema fluxmcp, which holds what fluxmcp itself keeps.\n" +
			"Your own tables are not touched. Two migrations at once wait for each other.",
		Example: "  fluxmcp migrate status\n  fluxmcp migrate up",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		migrateStep(c, "up", "Apply every migration that is missing", store.MigrateLatest),
		migrateStep(c, "down", "Undo the newest migration", store.MigratePrevious),
		&cobra.Command{
			Use: "status", Short: "List migrations and whether they are applied",
			Example: "  fluxmcp migrate status", Args: noArguments,
			RunE: func(cmd *cobra.Command, _ []string) error { return c.migrationStatus(cmd.Context()) },
		},
	)
	return cmd
}

func migrateStep(c *cli, use, short string, target int) *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: use, Short: short, Example: "  fluxmcp migrate " + use, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, done, err := c.database(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			if target == store.MigratePrevious && !yes {
				if err := keepsRecords(cmd.Context(), url); err != nil {
					return err
				}
			}
			names, err := store.Migrate(cmd.Context(), url, target)
			for _, name := range names {
				fmt.Fprintln(c.io.out, name)
			}
			if err == nil && len(names) == 0 {
				fmt.Fprintln(c.io.out, "nothing to do")
			}
			return err
		},
	}
	if target == store.MigratePrevious {
		cmd.Flags().BoolVar(&yes, "yes", false, "undo it also where records of calls or accounts are deleted with it")
	}
	return cmd
}

// keepsRecords refuses to undo a step while the audit has rows: they, and the
// accounts of the steps after it, would go with their tables.
func keepsRecords(ctx context.Context, url string) error {
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	log := audit.New(db.Own(), audit.Options{})
	defer func() { _ = log.Close(ctx) }() // nothing was queued
	rows, err := log.List(ctx, audit.Filter{Limit: 1})
	if err != nil || len(rows) == 0 {
		return nil // there is no table, or nothing in it; Migrate tells of other trouble
	}
	return &badSetting{"migrate down", "deletes what the newest step keeps: there are records of calls, and there may be accounts", "Save the records with `fluxmcp audit --json`, then add --yes."}
}

func (c *cli) migrationStatus(ctx context.Context) error {
	url, done, err := c.database(ctx)
	if err != nil {
		return err
	}
	defer done()
	all, err := store.MigrationStatus(ctx, url)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.io.out, 0, 0, 2, ' ', 0)
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\n", m.Label(), stateText(m))
	}
	return w.Flush()
}

// stateText says in words where one migration stands.
func stateText(m store.MigrationState) string {
	switch {
	case m.AppliedAt.IsZero():
		return "missing"
	case m.Changed:
		return "applied, but its text has changed since"
	case m.Unknown:
		return "applied by a newer fluxmcp"
	default:
		return "applied " + m.AppliedAt.UTC().Format("2006-01-02 15:04:05Z")
	}
}

// database gives the URL of the configured database, or of the private one,
// which done releases.
func (c *cli) database(ctx context.Context) (url string, done func(), err error) {
	if url := c.set.text("DATABASE_URL"); url != "" {
		return url, func() {}, nil
	}
	if c.set.text("QUERY_DATABASE_URL") != "" {
		return "", nil, &badSetting{"DATABASE_URL", "is not set, and QUERY_DATABASE_URL may only read", "Set DATABASE_URL to a login that may create a schema."}
	}
	p, err := startPrivate(ctx, c.set, c.log)
	if err != nil {
		return "", nil, err
	}
	url, err = p.url(ctx)
	if err != nil {
		p.close()
		return "", nil, err
	}
	return url, p.close, nil
}
