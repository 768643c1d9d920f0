package main

import (
	"fmt"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fluxstudio/fluxmcp/oauth"
)

func configCommand(c *cli) *cobra.Command {
	var example, providers bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the effective settings, secrets masked",
		Long: "config prints every setting, its value and where it comes from: a flag, the\n" +
			"environment, the env file or the default. Flags win over the environment, the\n" +
			"environment over the env file.",
		Example: "  fluxmcp config\n  fluxmcp config --example > .env\n  fluxmcp config --providers",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if providers {
				_, err := fmt.Fprint(c.io.out, oauth.Example())
				return err
			}
			if example {
				_, err := fmt.Fprint(c.io.out, envExample())
				return err
			}
			w := tabwriter.NewWriter(c.io.out, 0, 0, 2, ' ', 0)
			for _, row := range c.set.table() {
				fmt.Fprintf(w, "%s\t%s\t(%s)\n", row.name, c.set.masked(row), c.set.origin[row.name])
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&providers, "providers", false, "print the OAuth providers there are, as FLUXMCP_PROVIDERS takes them")
	cmd.Flags().BoolVar(&example, "example", false, "print a commented env file instead")
	return cmd
}

// envExample is .env.example: every setting with its default.
func envExample() string {
	var b strings.Builder
	b.WriteString("# Settings of fluxmcp. Copy to .env and change what you need; the environment\n# overrides this file. Made by `fluxmcp config --example`.\n")
	for _, row := range settingTable() {
		fmt.Fprintf(&b, "\n# %s\n# %s=%s\n", row.about, row.name, row.initial)
	}
	return b.String()
}

func versionCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  fluxmcp version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.io.out, "fluxmcp", version())
			return err
		},
	}
}

// version is the module version of a release build, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
