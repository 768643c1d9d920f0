package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

const defaultEnvFile = ".env"

// cli is what all commands share once flags are parsed.
type cli struct {
	io      streams
	environ []string
	envFile string
	set     *settings
	log     *slog.Logger
	offered offered
}

// flagOf maps flags to the settings they override.
type flagOf struct{ flag, setting, usage string }

func commonFlags() []flagOf {
	return []flagOf{
		{"database-url", "DATABASE_URL", ""},
		{"toolsets", "FLUXMCP_TOOLSETS", ""},
		{"log-level", "FLUXMCP_LOG_LEVEL", ""},
		{"log-format", "FLUXMCP_LOG_FORMAT", ""},
		{"data-dir", "FLUXMCP_DATA_DIR", ""},
	}
}

// rootCommand builds the command tree over io and environ.
func rootCommand(io streams, environ []string) *cobra.Command {
	c := &cli{io: io, environ: environ}
	root := &cobra.Command{
		Use:   "fluxmcp",
		Short: "A Model Context Protocol server for a team's own systems",
		Long: "fluxmcp lets an LLM agent explore and query a PostgreSQL database through the\n" +
			"Model Context Protocol: read-only, behind a guard that knows SQL.\n\n" +
			"Without DATABASE_URL it runs a private PostgreSQL with a sample company.",
		Example: "  fluxmcp demo                       # try it: sample data on http://127.0.0.1:8787/mcp\n" +
			"  fluxmcp stdio                      # what an MCP client starts\n" +
			"  DATABASE_URL=postgres://… fluxmcp doctor",
		Version:       version(),
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: c.prepare,
		Args:              noArguments,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&c.envFile, "env-file", envFile(environ), "file of NAME=value settings; the environment overrides it")
	for _, f := range commonFlags() {
		flags.String(f.flag, "", "overrides "+f.setting)
	}
	root.AddCommand(
		stdioCommand(c), serveCommand(c), demoCommand(c), migrateCommand(c), guardCommand(c),
		connectCommand(c), accountsCommand(c), keysCommand(c), tokenCommand(c), auditCommand(c), doctorCommand(c), configCommand(c), versionCommand(c),
	)
	return root
}

// envFile is the default of --env-file.
func envFile(environ []string) string {
	for _, pair := range environ {
		if path, ok := strings.CutPrefix(pair, "FLUXMCP_ENV_FILE="); ok && path != "" {
			return path
		}
	}
	return defaultEnvFile
}

// noArguments is cobra.NoArgs with our exit code.
func noArguments(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return &usageError{err}
	}
	return nil
}

// prepare loads the settings before any command runs.
func (c *cli) prepare(cmd *cobra.Command, _ []string) error {
	set, err := loadSettings(c.environ, c.envFile)
	if err != nil {
		return err
	}
	c.set = set
	for _, f := range append(commonFlags(), serveFlags()...) {
		if flag := cmd.Flags().Lookup(f.flag); flag != nil && flag.Changed {
			set.set(f.setting, flag.Value.String(), "flag")
		}
	}
	if c.log, err = newLogger(c.io, set); err != nil {
		return err
	}
	if set.text("FLUXMCP_PROVIDERS") != "" {
		_, _ = loadRegistry(set) // declares the settings of its providers; what needs them tells what is wrong
	}
	for _, name := range append(unknownNames(c.environ), set.unknown...) {
		if _, declared := set.values[name]; declared {
			continue
		}
		c.log.Warn("unknown setting ignored", "name", name, "hint", misspelt(name).hint)
	}
	return nil
}

// milliseconds says in which unit a duration is, which JSON would give as a bare
// number of nanoseconds.
func milliseconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_ms", float64(a.Value.Duration().Microseconds())/1000)
}

// newLogger writes to standard error: in stdio mode standard output carries
// JSON-RPC alone.
func newLogger(io streams, set *settings) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(set.text("FLUXMCP_LOG_LEVEL"))); err != nil {
		return nil, &badSetting{"FLUXMCP_LOG_LEVEL", fmt.Sprintf("%q is no level", set.text("FLUXMCP_LOG_LEVEL")), "Write debug, info, warn or error."}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(set.text("FLUXMCP_LOG_FORMAT")) {
	case "text":
		return slog.New(slog.NewTextHandler(io.err, opts)), nil
	case "json":
		opts.ReplaceAttr = milliseconds
		return slog.New(slog.NewJSONHandler(io.err, opts)), nil
	default:
		return nil, &badSetting{"FLUXMCP_LOG_FORMAT", fmt.Sprintf("%q is no format", set.text("FLUXMCP_LOG_FORMAT")), "Write text or json."}
	}
}
