package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/store/sample"
	"github.com/spf13/cobra"
)

func demoCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try fluxmcp on a sample company",
		Long: "demo starts the private PostgreSQL, fills it with an invented design company,\n" +
			"stands in for Figma, Slack and GitHub on http://127.0.0.1:8788, serves MCP on\n" +
			"http://127.0.0.1:8787/mcp and prints how to connect. Stop it with Ctrl-C.",
		Example: "  fluxmcp demo\n  fluxmcp demo --listen 127.0.0.1:0   # any free port",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.set.set("DATABASE_URL", "", "demo")
			c.set.set("QUERY_DATABASE_URL", "", "demo")
			c.set.set("FLUXMCP_SAMPLE_DATA", "true", "demo")
			c.set.set("FLUXMCP_AUTH", authNone, "demo")
			c.set.set("FLUXMCP_SANDBOX", "true", "demo")
			return c.serve(cmd.Context(), c.introduce(cmd.Context()))
		},
	}
	addServeFlags(cmd, "listen")
	return cmd
}

// introduce waits for the database, showing what is being done, and prints how
// to connect and what to ask.
func (c *cli) introduce(ctx context.Context) func(*app, string) error {
	return func(a *app, base string) error {
		if err := c.awaitDatabase(ctx, a.private); err != nil {
			return err
		}
		program, err := os.Executable()
		if err != nil {
			program = "fluxmcp"
		}
		fmt.Fprint(c.io.out, introduction(base, program))
		return nil
	}
}

// awaitDatabase prints each step once while the database starts.
func (c *cli) awaitDatabase(ctx context.Context, p *privateDatabase) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	said := ""
	for {
		if now := *p.state.Load(); now != said {
			said = now
			fmt.Fprintln(c.io.err, "…", said)
		}
		select {
		case <-p.ready:
			return nil
		case <-p.failed:
			return *p.cause.Load()
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// demoFile is a Figma file of the sandbox.
const demoFile = "SbxTidalShowDesign0001"

func introduction(base, program string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
fluxmcp serves a sample design company at %[1]s/mcp   (Ctrl-C stops it)

Connect invented accounts at Figma, Slack and GitHub, in two clicks each: %[1]s/integrations

Claude Desktop: put this into claude_desktop_config.json and start it again:
  {"mcpServers": {"fluxmcp": {"command": %[2]q, "args": ["stdio", "--sandbox"]}}}

MCP Inspector (needs Node.js):
  npx -y @modelcontextprotocol/inspector@2.12.0 --cli %[1]s/mcp --method tools/call --tool-name query --tool-arg sql="SELECT status, count(*) FROM projects GROUP BY status"

Three things to ask:
`, base, program)
	for i, q := range sample.Questions() {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, q)
	}
	fmt.Fprintf(&b, "And with a Figma account: which layers are on the pages of https://www.figma.com/design/%s ?\n", demoFile)
	b.WriteString("With a Slack account: what was said in #tidal this week, and by whom?\n")
	b.WriteByte('\n')
	return b.String()
}
