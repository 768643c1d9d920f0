package main

import (
	"context"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
	"github.com/spf13/cobra"
)

func stdioCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stdio",
		Short: "Serve MCP on standard input and output",
		Long: "stdio is what an MCP client starts. Standard output carries JSON-RPC alone;\n" +
			"logs go to standard error. Without DATABASE_URL it runs a private PostgreSQL\n" +
			"with a sample company.",
		Example: "  fluxmcp stdio\n" +
			`  {"mcpServers": {"fluxmcp": {"command": "fluxmcp", "args": ["stdio"]}}}   # claude_desktop_config.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.stdio(cmd.Context()) },
	}
	addServeFlags(cmd, "strict", "read-only", "sandbox")
	return cmd
}

// stdio answers until standard input ends or ctx does.
func (c *cli) stdio(ctx context.Context) error {
	tel, err := c.startTelemetry(ctx)
	if err != nil {
		return err
	}
	defer c.stopTelemetry(tel)
	a, err := newApp(context.WithoutCancel(ctx), c.set, c.log, serving{telemetry: tel, calls: true, open: true, point: c.io.point})
	if err != nil {
		return err
	}
	defer a.close()
	c.offered.set(a.sets)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the check below before the database is closed
	if err := c.checkPosture(ctx, a); err != nil {
		return err
	}
	stop := a.startAccounts(ctx)
	defer stop()
	if a.consent != nil {
		pages := &pageServer{c: c, a: a}
		defer pages.close()
		a.consent.desk.useServer(pages)
	}
	ctx = tools.WithPrincipal(ctx, localUser())
	return transport.ServeStdio(ctx, a.mcp, c.io.in, c.io.out, transport.StdioOptions{Log: c.log, Observer: tel.Observer()})
}
