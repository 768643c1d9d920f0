package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/spf13/cobra"
)

// errDenied ends `guard check` with exit code 1; the verdict has been printed.
var errDenied = errors.New("denied")

// maxLine bounds one line of --jsonl, bytes.
const maxLine = 16 << 20

func guardCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "guard", Short: "Check SQL, and print the SQL of a reader role",
		Example: "  fluxmcp guard check 'SELECT 1'\n  fluxmcp guard setup-sql | psql -v ON_ERROR_STOP=1 \"$DATABASE_URL\"",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(guardCheckCommand(c), setupSQLCommand(c))
	return cmd
}

func guardCheckCommand(c *cli) *cobra.Command {
	var jsonl, noDatabase bool
	cmd := &cobra.Command{
		Use:   "check [SQL...]",
		Short: "Say whether the guard allows a statement, and why not",
		Long: "check prints one JSON verdict a statement. With DATABASE_URL set it also knows the\n" +
			"views and partitions over forbidden tables; --no-database checks the text alone.\n" +
			"Exit code 1: a statement given as argument is denied.",
		Example: "  fluxmcp guard check 'DELETE FROM users'\n" +
			`  echo '{"sql":"SELECT 1"}' | fluxmcp guard check --jsonl --no-database`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if jsonl == (len(args) > 0) {
				return &usageError{errors.New("give SQL as arguments, or --jsonl and one {\"sql\":\"…\"} a line on standard input")}
			}
			guard, err := c.loadGuard(cmd.Context(), noDatabase)
			if err != nil {
				return err
			}
			if jsonl {
				return checkLines(guard, c.io.in, c.io.out)
			}
			return checkArguments(guard, args, c.io.out)
		},
	}
	cmd.Flags().BoolVar(&jsonl, "jsonl", false, "read one {\"sql\":\"…\"} a line from standard input")
	cmd.Flags().BoolVar(&noDatabase, "no-database", false, "check the text alone")
	return cmd
}

// loadGuard makes the guard and, where a database is configured, tells it what
// the database knows.
func (c *cli) loadGuard(ctx context.Context, noDatabase bool) (*sqlguard.Guard, error) {
	guard, err := newGuard(c.set)
	if err != nil || noDatabase || c.set.text("DATABASE_URL")+c.set.text("QUERY_DATABASE_URL") == "" {
		return guard, err
	}
	cfg, err := storeConfig(c.set)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(cfg)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	catalog, err := store.LoadGuardCatalog(ctx, db.Reader(), guard.ForbiddenNames())
	if err != nil {
		return nil, fmt.Errorf("read the catalog (--no-database checks the text alone): %w", err)
	}
	guard.SetCatalog(catalog)
	return guard, nil
}

// verdict is one line of output.
type verdict struct {
	Verdict  string `json:"verdict"`
	Rule     string `json:"rule,omitempty"`
	Message  string `json:"message,omitempty"`
	Hint     string `json:"hint,omitempty"`
	Position int    `json:"position,omitempty"`
}

func judge(guard *sqlguard.Guard, sql string) verdict {
	_, err := guard.Check(sql)
	var v *sqlguard.Violation
	switch {
	case err == nil:
		return verdict{Verdict: "allow"}
	case errors.As(err, &v):
		return verdict{Verdict: "deny", Rule: v.Rule, Message: v.Message, Hint: v.HintText, Position: v.Position}
	default:
		return verdict{Verdict: "deny", Rule: "error", Message: err.Error()}
	}
}

func checkArguments(guard *sqlguard.Guard, args []string, out io.Writer) error {
	enc := newEncoder(out)
	denied := false
	for _, sql := range args {
		v := judge(guard, sql)
		denied = denied || v.Verdict == "deny"
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("write verdict: %w", err)
		}
	}
	if denied {
		return errDenied
	}
	return nil
}

// checkLines answers each line with a line, whatever the line holds.
func checkLines(guard *sqlguard.Guard, in io.Reader, out io.Writer) error {
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	w := bufio.NewWriter(out)
	enc := newEncoder(w)
	for scan.Scan() {
		var line struct {
			SQL *string `json:"sql"`
		}
		v := verdict{Verdict: "deny", Rule: "bad_line", Message: "the line is not {\"sql\":\"…\"}", Hint: "Write one JSON object with the key sql a line."}
		if err := json.Unmarshal(scan.Bytes(), &line); err == nil && line.SQL != nil {
			v = judge(guard, *line.SQL)
		}
		if err := errors.Join(enc.Encode(v), w.Flush()); err != nil {
			return fmt.Errorf("write verdict: %w", err)
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return nil
}

// newEncoder writes SQL operators as they are, not as \u003c.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

func setupSQLCommand(c *cli) *cobra.Command {
	var role string
	var login bool
	var hide []string
	cmd := &cobra.Command{
		Use:   "setup-sql",
		Short: "Print the SQL of a reader role",
		Long: "setup-sql prints SQL that makes a role which can read all but the forbidden\n" +
			"tables and the hidden columns, and nothing else. Read it, then run it as the owner.",
		Example: "  fluxmcp guard setup-sql --hide users.password_hash | psql \"$DATABASE_URL\"",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if role == "" {
				role = c.set.text("FLUXMCP_READER_ROLE")
			}
			guard, err := newGuard(c.set)
			if err != nil {
				return err
			}
			sql, err := store.SetupSQL(store.SetupOptions{Role: role, Login: login, Forbidden: guard.ForbiddenNames(), Hide: hide})
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.io.out, sql)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "name of the role; empty: FLUXMCP_READER_ROLE")
	cmd.Flags().BoolVar(&login, "login", false, "a login of its own, for QUERY_DATABASE_URL; its password is set apart")
	cmd.Flags().StringSliceVar(&hide, "hide", nil, "column to hide, as table.column; may be repeated")
	return cmd
}
