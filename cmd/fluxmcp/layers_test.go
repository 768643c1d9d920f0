package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says which packages of ours each package may import. A package that
// is missing here fails the test: decide where it belongs.
var layers = map[string][]string{
	"cmd/fluxmcp":          {"*"},
	"examples":             {}, // what its programs share
	"examples/conformance": {"*"},
	"migrations":           {},
	"oauth":                {},
	"oauth/bearer":         {},
	"oauth/consent":        {"oauth"},

	"oauth/consent/consenttest": {"oauth", "oauth/consent"},

	"oauth/tokens":      {"oauth"},
	"sidecar":           {"oauth/bearer", "tools", "tools/transport", "tools/transport/origins"},
	"sidecar/pages":     {"oauth", "oauth/consent", "tools"},
	"sidecar/telemetry": {"tools", "tools/transport"},
	"sqlguard":          {},
	"store":             {"sqlguard", "migrations", "store/internal/own"},
	"store/accounts":    {"store", "store/internal/own", "store/vault", "oauth", "oauth/tokens"},
	"store/audit":       {"store", "store/internal/own"},
	"store/cache":       {"store/redisdb"},
	"store/consents":    {"store", "store/internal/own", "store/vault", "oauth", "oauth/consent"},
	"store/embedded":    {},
	"store/inspect":     {"store", "sqlguard", "store/internal/names", "store/internal/own"},
	"store/jobs":        {"store", "store/internal/own"},
	"store/limits":      {"store/redisdb"},
	"store/plan":        {},
	"store/redisdb":     {},
	"store/sample":      {},
	"store/storetest":   {"store/embedded"},
	"store/tokencache":  {"store/redisdb", "store/vault", "oauth", "oauth/tokens"},
	"store/vault":       {},
	"tools":             {},
	"tools/accounts":    {"tools", "oauth"},
	"tools/figma":       {"tools", "tools/figma/api", "tools/figma/design", "tools/figma/files"},
	"tools/postgres":    {"tools", "store", "store/cache", "store/inspect", "store/plan", "sqlguard"},
	"tools/transport":   {"tools/transport/origins"},

	"tools/transport/origins": {},

	"store/figmafiles":              {"store", "store/internal/kept", "store/internal/own", "store/vault", "oauth"},
	"store/slackchannels":           {"store", "store/internal/kept", "store/internal/own", "store/vault", "oauth"},
	"store/slackposts":              {"store", "store/internal/kept", "store/internal/own", "oauth"},
	"tools/figma/api":               {},
	"tools/figma/design":            {},
	"tools/figma/design/designtest": {},
	"tools/figma/figmatest":         {},
	"tools/figma/files":             {"tools/figma/api", "tools/figma/design"},
	"tools/slack":                   {"tools", "tools/slack/api", "tools/slack/blockkit", "tools/slack/mrkdwn", "tools/slack/names", "tools/slack/posting"},
	"tools/slack/api":               {},
	"tools/slack/blockkit":          {"tools/slack/mrkdwn"},
	"tools/slack/mrkdwn":            {},
	"tools/slack/names":             {"tools", "tools/slack/api"},
	"tools/slack/posting":           {"tools", "tools/slack/api"},
}

// TestLayers holds the direction of imports: down, and never sideways.
func TestLayers(t *testing.T) {
	const module = "github.com/fluxstudio/fluxmcp/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		if strings.HasPrefix(name, "store/internal/") {
			continue // leaves; the compiler keeps others out
		}
		if owner, _, inner := strings.Cut(name, "/internal/"); inner {
			name = owner // the compiler keeps others out
		}
		allowed, known := layers[name]
		if !known {
			if !strings.HasPrefix(name, "examples/") {
				t.Errorf("package %s has no layer", name)
			}
			continue
		}
		for _, imported := range fields[1:] {
			ours, isOurs := strings.CutPrefix(imported, module)
			if strings.HasPrefix(ours, name+"/internal/") {
				continue
			}
			if isOurs && !slices.Contains(allowed, ours) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s; it may import %v", name, ours, allowed)
			}
			if strings.Contains(imported, "pg_query_go") && name != "sqlguard" {
				t.Errorf("%s imports pg_query_go, and cgo with it, which belongs in sqlguard alone", name)
			}
			if strings.HasPrefix(imported, "github.com/redis/go-redis") && !strings.HasPrefix(name, "store/") {
				t.Errorf("%s imports go-redis, which belongs below store", name)
			}
			if imported == "github.com/mark3labs/mcp-go/server" && name != "tools" && name != "tools/transport" && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports mcp-go, which belongs in tools and tools/transport", name)
			}
		}
	}
}

// TestEnvironmentIsReadInOnePlace keeps settings where `config` can show them.
func TestEnvironmentIsReadInOnePlace(t *testing.T) {
	out, err := exec.Command("git", "-C", "../..", "grep", "-nE", `os\.(Getenv|LookupEnv|Environ)\(`, "--", "*.go", ":!*_test.go", ":!cmd/", ":!examples/", ":!store/storetest/").Output()
	if len(out) > 0 {
		t.Errorf("environment read outside cmd (%v):\n%s", err, out)
	}
}
