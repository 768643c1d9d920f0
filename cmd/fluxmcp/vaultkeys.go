package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluxstudio/fluxmcp/store/vault"
)

// keyFile is where the key of the private database's tokens is kept.
const keyFile = "oauth.key"

// openVault makes the vault of OAUTH_ENCRYPTION_KEY. Only the private database
// gets a key of its own where none is set: elsewhere another replica, or the next
// machine, could not open what this one sealed.
func openVault(set *settings) (*vault.Vault, error) {
	keys := set.list("OAUTH_ENCRYPTION_KEY")
	if len(keys) == 0 {
		if set.text("DATABASE_URL")+set.text("QUERY_DATABASE_URL") != "" {
			return nil, &badSetting{"OAUTH_ENCRYPTION_KEY", "is not set, so people's tokens cannot be kept", "Set it to what `fluxmcp keys generate` prints, the same on all replicas, and keep a copy."}
		}
		dir, err := dataDir(set)
		if err != nil {
			return nil, err
		}
		key, err := ownKey(filepath.Join(dir, keyFile))
		if err != nil {
			return nil, err
		}
		keys = []string{key}
	}
	return vault.New(keys) // its errors name the setting
}

// ownKey reads the key at path, and makes it where there is none. Processes that
// start at once end up with the same one.
func ownKey(path string) (string, error) {
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			return strings.TrimSpace(string(text)), checkOwnKey(path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("read the key of people's tokens: %w", err)
		}
		if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("make the key of people's tokens: %w", err)
		}
	}
}

// checkOwnKey refuses a key that others can read.
func checkOwnKey(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &badSetting{path, "can be read by others, and opens people's tokens", "Run `chmod 600 " + path + "`; if somebody may have read it, run `fluxmcp keys rotate` as well."}
	}
	return nil
}

// makeKey writes a new key beside path and links it there, so that no reader
// sees half of it.
func makeKey(path string) error {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // the private PostgreSQL runs as another account below it
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(path)), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(path), mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), keyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := fmt.Fprintln(f, vault.Generate()); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
