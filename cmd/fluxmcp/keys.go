package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

func keysCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Make and change the keys that seal people's tokens",
		Long: "Tokens are sealed with the first key of OAUTH_ENCRYPTION_KEY and opened with any of\n" +
			"them. To change the key without a stop: put a new one last on all replicas and restart\n" +
			"them, then put it first and restart them, then run `fluxmcp keys rotate`, then take the\n" +
			"old one away.",
		Example: "  fluxmcp keys generate\n  fluxmcp keys rotate",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "generate", Short: "Print a new key for OAUTH_ENCRYPTION_KEY",
			Example: "  echo \"OAUTH_ENCRYPTION_KEY=$(fluxmcp keys generate)\" >> .env", Args: noArguments,
			RunE: func(*cobra.Command, []string) error {
				_, err := fmt.Fprintln(c.io.out, vault.Generate())
				return err
			},
		},
		&cobra.Command{
			Use: "rotate", Short: "Seal every token with the first key",
			Long: "rotate seals again what other keys of OAUTH_ENCRYPTION_KEY have sealed, in small steps\n" +
				"while the server runs. It can be stopped and run again at any time.",
			Example: "  OAUTH_ENCRYPTION_KEY=NEW,OLD fluxmcp keys rotate", Args: noArguments,
			RunE: func(cmd *cobra.Command, _ []string) error { return c.rotateKeys(cmd.Context()) },
		},
	)
	return cmd
}

// rotateKeys seals all tokens with the first key, telling how far it is.
func (c *cli) rotateKeys(ctx context.Context) error {
	url, done, err := c.database(ctx)
	if err != nil {
		return err
	}
	defer done()
	v, err := openVault(c.set)
	if err != nil {
		return err
	}
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	kept := accounts.New(db.Own(), v, accounts.Options{})
	if err := kept.CheckKey(ctx); err != nil {
		return err
	}
	n, err := kept.Rotate(ctx, func(done, left int) {
		fmt.Fprintf(c.io.err, "… %d sealed again, %d left\n", done, left)
	})
	if err != nil {
		return err
	}
	used, err := kept.KeysInUse(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.io.out, "%d tokens sealed again\n", n)
	for id, rows := range used {
		fmt.Fprintf(c.io.out, "key %s: %d tokens\n", vault.KeyName(id), rows)
	}
	return nil
}
