package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/spf13/cobra"
)

func tokenCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make bearer tokens for development",
		Example: "  fluxmcp token issue --subject alice",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tokenIssueCommand(c))
	return cmd
}

// issued is what `token issue` is asked for.
type issued struct {
	subject, email string
	roles, scopes  []string
	audience       string
	life           time.Duration
}

func tokenIssueCommand(c *cli) *cobra.Command {
	var in issued
	cmd := &cobra.Command{
		Use:   "issue --subject S",
		Short: "Print a token that `serve --auth jwt` accepts",
		Long: "issue signs a token with JWT_SECRET and prints it alone, for trying out a server\n" +
			"that has the same JWT_SECRET. In production, tokens come from FluxStudio or from an\n" +
			"issuer of FLUXMCP_ISSUERS.",
		Example: "  export JWT_SECRET=$(openssl rand -base64 48)\n" +
			"  fluxmcp serve --auth jwt &\n" +
			"  TOKEN=$(fluxmcp token issue --subject alice --email alice@example.com)\n" +
			"  fluxmcp token issue --subject root --role admin --ttl 10m\n" +
			"  fluxmcp token issue --subject bot --scope fluxmcp:read",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return c.issueToken(in) },
	}
	flags := cmd.Flags()
	flags.StringVar(&in.subject, "subject", "", "who the token is of (required)")
	flags.StringVar(&in.email, "email", "", "e-mail address")
	flags.StringSliceVar(&in.roles, "role", nil, "role, such as admin; may be repeated")
	flags.StringSliceVar(&in.scopes, "scope", nil, "limit the token to this scope; may be repeated")
	flags.StringVar(&in.audience, "audience", "", "for which server; default: the first of FLUXMCP_AUDIENCE")
	flags.DurationVar(&in.life, "ttl", time.Hour, "how long it is valid")
	return cmd
}

func (c *cli) issueToken(in issued) error {
	if in.subject == "" {
		return &usageError{fmt.Errorf("--subject is missing")}
	}
	for _, scope := range in.scopes {
		if !slices.Contains([]string{tools.ScopeRead, tools.ScopeWrite, tools.ScopeAdmin}, scope) {
			return &usageError{fmt.Errorf("--scope %s is none of %s, %s and %s", scope, tools.ScopeRead, tools.ScopeWrite, tools.ScopeAdmin)}
		}
	}
	if in.life <= 0 {
		return &usageError{fmt.Errorf("--ttl must be positive")}
	}
	if c.set.text("JWT_SECRET") == "" {
		return &badSetting{"JWT_SECRET", "is not set, so there is nothing to sign with", "Set it to the secret of the server: " + makeSecret + "."}
	}
	if err := checkSecret(c.set); err != nil {
		return err
	}
	audience := []string{in.audience}
	if in.audience == "" {
		audience = c.set.list("FLUXMCP_AUDIENCE")
		audience = audience[:min(1, len(audience))] // none: Sign says so
	}
	now := time.Now()
	token, err := bearer.Sign([]byte(c.set.text("JWT_SECRET")), bearer.Claims{
		Subject: in.subject, Email: in.email, Roles: in.roles, Scopes: in.scopes, Scoped: len(in.scopes) > 0, Expires: now.Add(in.life),
	}, audience, now)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.io.out, token)
	return err
}
