package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools"
)

func connectCommand(c *cli) *cobra.Command {
	noBrowser := false
	cmd := &cobra.Command{
		Use:   "connect PROVIDER",
		Short: "Connect your account at Figma, Slack or GitHub",
		Long: "connect opens the page where you allow fluxmcp to use your account, waits until you\n" +
			"have, and says as whom you are connected. The account is that of the person who runs\n" +
			"it: what `fluxmcp stdio` and `fluxmcp serve` without tokens use on this machine.",
		Example: "  fluxmcp connect figma\n  fluxmcp connect github --no-browser   # only print the link",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("give one provider, such as figma")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.connect(cmd.Context(), strings.ToLower(args[0]), !noBrowser)
		},
	}
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "print the link instead of opening it")
	addServeFlags(cmd, "sandbox")
	return cmd
}

// connect walks the person who runs the command through a consent.
func (c *cli) connect(ctx context.Context, provider string, browse bool) error {
	a, done, err := c.accountApp(ctx)
	if err != nil {
		return err
	}
	defer done()
	d := a.consent.desk
	if _, ok := d.offered[provider]; !ok {
		return d.notThere(provider)
	}
	v, err := d.visit(ctx, consent.Request{Person: personOf(localUser()), Provider: provider, Client: "fluxmcp connect"})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.io.out, "Open this page to connect %s (until %s):\n\n  %s\n\n", d.title(provider), v.Expires.Local().Format("15:04"), v.URL)
	if browse {
		openBrowser(ctx, v.URL)
	}
	fmt.Fprintln(c.io.err, "… waiting for you in the browser (Ctrl-C gives up)")
	return c.awaitConnected(ctx, d, v, provider)
}

// notThere says what could have been meant.
func (d *desk) notThere(provider string) error {
	offered := names(d.offered)
	if near := tools.Nearest(provider, offered); near != "" {
		return &usageError{fmt.Errorf("%s is no provider; did you mean %s?", provider, near)}
	}
	if _, known := d.registry.Get(provider); known {
		return &notOffered{d.title(provider), provider}
	}
	return &usageError{fmt.Errorf("%s is no provider; choose from %s, or describe it in a file of FLUXMCP_PROVIDERS", provider, strings.Join(offered, ", "))}
}

// linkOver says that a link of `connect` led to nothing.
type linkOver struct {
	of       *notYet
	provider string
}

func (e *linkOver) Error() string { return e.of.Error() }
func (e *linkOver) Hint() string  { return "Run `fluxmcp connect " + e.provider + "` again." }

func (c *cli) awaitConnected(ctx context.Context, d *desk, v tools.Visit, provider string) error {
	ctx, cancel := context.WithDeadline(ctx, v.Expires.Add(time.Second))
	defer cancel()
	for {
		outcome, err := d.flow.Await(ctx, v.ID, personOf(localUser()))
		switch {
		case err != nil:
			return err
		case outcome == consent.OutcomeConnected:
			return c.reportConnected(ctx, d, provider)
		case outcome == consent.OutcomePending && ctx.Err() != nil && time.Now().Before(v.Expires):
			return ctx.Err()
		case outcome == consent.OutcomePending:
			return &linkOver{&notYet{consent.OutcomeExpired}, provider}
		case outcome.Final():
			return &linkOver{&notYet{outcome}, provider}
		}
		// Denied there, or failed: the page offers another attempt.
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return &linkOver{&notYet{outcome}, provider}
		}
	}
}

func (c *cli) reportConnected(ctx context.Context, d *desk, provider string) error {
	list, err := d.accounts.List(ctx, personOf(localUser()))
	if err != nil {
		return err
	}
	for _, acc := range list {
		if acc.Provider == provider {
			_, err = fmt.Fprintf(c.io.out, "%s is connected as %s.\n", d.title(provider), acc.Name)
		}
	}
	return err
}

// openBrowser asks the desktop to open link; where there is none, the person
// has it on the screen.
func openBrowser(ctx context.Context, link string) {
	program, args := "xdg-open", []string{link}
	switch runtime.GOOS {
	case "darwin":
		program = "open"
	case "windows":
		program, args = "rundll32", []string{"url.dll,FileProtocolHandler", link}
	}
	if path, err := exec.LookPath(program); err == nil {
		_ = exec.CommandContext(context.WithoutCancel(ctx), path, args...).Start() // the link is printed as well
	}
}

func accountsCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "accounts", Short: "List and disconnect people's accounts",
		Example: "  fluxmcp accounts list\n  fluxmcp accounts disconnect figma",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	asJSON, user := false, ""
	list := &cobra.Command{
		Use: "list", Short: "List the accounts of everybody who uses this database",
		Example: "  fluxmcp accounts list\n  fluxmcp accounts list --json | jq .provider", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listAccounts(cmd.Context(), asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	disconnect := &cobra.Command{
		Use: "disconnect PROVIDER", Short: "Disconnect an account and revoke its tokens",
		Long: "disconnect makes the account unusable at once and tells the provider, yours or, with\n" +
			"--user, that of somebody who has left.",
		Example: "  fluxmcp accounts disconnect figma\n  fluxmcp accounts disconnect slack --user 'fluxstudio|alice'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("give one provider, such as figma")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.disconnectAccount(cmd.Context(), strings.ToLower(args[0]), user)
		},
	}
	disconnect.Flags().StringVar(&user, "user", "", "whose, as issuer|subject; default: yours")
	for _, sub := range []*cobra.Command{list, disconnect} {
		addServeFlags(sub, "sandbox")
	}
	cmd.AddCommand(list, disconnect)
	return cmd
}

// allAccounts reads them, whether or not a provider is set up now.
func (c *cli) allAccounts(ctx context.Context) ([]accounts.Account, error) {
	url, done, err := c.database(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	v, err := vault.New([]string{vault.Generate()}) // no token is opened
	if err != nil {
		return nil, err
	}
	return accounts.New(db.Own(), v, accounts.Options{}).All(ctx)
}

// listedAccount is an account as `accounts list --json` prints it.
type listedAccount struct {
	Issuer      string     `json:"issuer"`
	Subject     string     `json:"subject"`
	Provider    string     `json:"provider"`
	Status      string     `json:"status"`
	Reason      string     `json:"reason,omitempty"`
	Account     string     `json:"account"`
	Scopes      []string   `json:"scopes"`
	ConnectedAt time.Time  `json:"connected_at"`
	LastUsedAt  *time.Time `json:"last_used_at,omitempty"`
}

func (c *cli) listAccounts(ctx context.Context, asJSON bool) error {
	all, err := c.allAccounts(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.io.out, 0, 0, 2, ' ', 0)
	enc := json.NewEncoder(c.io.out)
	if !asJSON && len(all) > 0 {
		fmt.Fprintln(w, "PERSON\tPROVIDER\tSTATUS\tACCOUNT\tLAST USED")
	}
	for _, acc := range all {
		row := listedAccount{acc.Person.Issuer, acc.Person.Subject, acc.Provider, acc.Status, acc.Reason, acc.Name, acc.Scopes, acc.ConnectedAt, nil}
		used := "never"
		if !acc.LastUsedAt.IsZero() {
			row.LastUsedAt, used = &acc.LastUsedAt, acc.LastUsedAt.UTC().Format("2006-01-02 15:04Z")
		}
		if asJSON {
			if err := enc.Encode(row); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s|%s\t%s\t%s\t%s\t%s\n", oneLine(row.Issuer), oneLine(row.Subject), row.Provider, row.Status, oneLine(row.Account), used)
	}
	if len(all) == 0 && !asJSON {
		fmt.Fprintln(c.io.out, "no account is connected; `fluxmcp connect PROVIDER` connects yours")
	}
	return w.Flush()
}

func (c *cli) disconnectAccount(ctx context.Context, provider, user string) error {
	who := personOf(localUser())
	if user != "" {
		issuer, subject, ok := strings.Cut(user, "|")
		if !ok {
			return &usageError{fmt.Errorf("--user is not issuer|subject")}
		}
		who = oauth.Person{Issuer: issuer, Subject: subject}
	}
	a, done, err := c.accountApp(ctx)
	if err != nil {
		return err
	}
	defer done()
	d := a.consent.desk
	if err := d.recordDisconnect(ctx, who, provider); err != nil {
		return err
	}
	left, err := d.disconnectNow(ctx, who, provider)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.io.out, "%s is disconnected", d.title(provider))
	if left.Name != "" {
		fmt.Fprintf(c.io.out, " (%s)", oneLine(left.Name))
	}
	if left.ByHand != "" {
		fmt.Fprintf(c.io.out, "; %s cannot be told, so remove the app at %s", d.title(provider), left.ByHand)
	}
	_, err = fmt.Fprintln(c.io.out, ".")
	return err
}

// accountApp is an app for a command about accounts, which done closes.
func (c *cli) accountApp(ctx context.Context) (a *app, done func(), err error) {
	if c.set.origin["FLUXMCP_LOG_LEVEL"] == "default" { // people read what the command itself says
		c.set.set("FLUXMCP_LOG_LEVEL", "warn", "command")
		if c.log, err = newLogger(c.io, c.set); err != nil {
			return nil, nil, err
		}
	}
	a, err = newApp(context.WithoutCancel(ctx), c.set, c.log, serving{calls: true, open: true, point: c.io.point})
	if err != nil {
		return nil, nil, err
	}
	if a.consent == nil {
		a.close()
		return nil, nil, &badSetting{"FIGMA_CLIENT_ID", "is not set, nor is that of another provider", "Set FIGMA_CLIENT_ID and FIGMA_CLIENT_SECRET (or SLACK_…, GITHUB_…), or add --sandbox to try it out."}
	}
	pages := &pageServer{c: c, a: a}
	a.consent.desk.useServer(pages)
	return a, func() { pages.close(); a.close() }, nil
}
