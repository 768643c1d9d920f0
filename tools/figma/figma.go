// Package figma is the toolset of Figma, as the person who asks. It knows
// Figma's API and no token: what it is given to send requests with is already
// that person.
package figma

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

// Config is how the tools reach Figma.
type Config struct {
	BaseURL string // such as https://api.figma.com, without a slash at the end

	// Client sends requests as the person who asks in ctx. Its requests fail with
	// *oauth.NotConnected or *oauth.NeedsReconnect where that person must act.
	Client func(ctx context.Context) *http.Client
}

type handlers struct{ api api }

// New makes the toolset.
func New(cfg Config) tools.Toolset {
	h := handlers{api: api{base: strings.TrimSuffix(cfg.BaseURL, "/"), client: cfg.Client}}
	return tools.Toolset{Name: "figma", Tools: []tools.Tool{
		tools.New(getFileSpec, h.getFile),
	}}
}

// isKey tells what Figma's file keys look like: letters and digits, which keeps
// a key from being a path.
func isKey(s string) bool {
	return len(s) >= 10 && len(s) <= 128 && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}

// fileKey reads a key, or any URL of a file: of a branch it is the branch's.
// Errors: *badFile.
func fileKey(file string) (string, error) {
	file = strings.TrimSpace(file)
	if isKey(file) {
		return file, nil
	}
	u, err := url.Parse(file)
	if err != nil || u.Host == "" {
		return "", &badFile{}
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	key := ""
	for i := 0; i+1 < len(parts); i++ {
		switch parts[i] {
		case "file", "design", "board", "slides", "proto", "deck", "buzz", "site", "make", "branch":
			if isKey(parts[i+1]) {
				key = parts[i+1]
			}
		}
	}
	if key == "" {
		return "", &badFile{}
	}
	return key, nil
}

// badFile says that an argument names no file.
type badFile struct{}

// Error names the argument.
func (*badFile) Error() string { return "file is neither the key nor the URL of a Figma file" }

// Code is bad_argument.
func (*badFile) Code() string { return "bad_argument" }

// Hint says what to give.
func (*badFile) Hint() string {
	return "Give file as the link from Figma's address bar, such as https://www.figma.com/design/KEY/Name, or as the key in it."
}
