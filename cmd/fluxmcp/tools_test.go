package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/accounts"
	"github.com/fluxstudio/fluxmcp/tools/figma"
	"github.com/fluxstudio/fluxmcp/tools/postgres"
	"github.com/fluxstudio/fluxmcp/tools/slack"
)

// updateGolden rewrites what the tests compare with.
var updateGolden = os.Getenv("UPDATE_GOLDEN") == "1"

// allTools are the tools of every toolset, without a database behind them.
func allTools(t testing.TB) []tools.Tool {
	t.Helper()
	var all []tools.Tool
	for _, set := range []tools.Toolset{
		postgres.New(nil, nil, nil, nil, nil, postgres.Config{}), accounts.New(nil, nil), figma.New(figma.Config{}), slack.New(slack.Config{}),
	} {
		all = append(all, set.Tools...)
	}
	return all
}

// TestToolDefinitions compares what tools/list shows with the golden files, so
// that no change of a name, a description or a schema goes unseen.
func TestToolDefinitions(t *testing.T) {
	for _, tool := range allTools(t) {
		t.Run(tool.Spec.Name, func(t *testing.T) {
			got := golden(t, map[string]any{
				"name": tool.Spec.Name, "title": tool.Spec.Title, "description": tool.Spec.Description,
				"inputSchema": tool.InputSchema, "outputSchema": tool.OutputSchema, "annotations": tool.Spec.Hints(),
			})
			compareFile(t, filepath.Join("testdata", "tools", tool.Spec.Name+".json"), got)
		})
	}
}

func golden(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compareFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if updateGolden {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the program gives (%v); run `make golden docs` and read the difference.\ngot:\n%s", path, err, got)
	}
}

// TestAllTools asserts what must hold of every tool there is.
func TestAllTools(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z_]*[a-z]$`)
	sentence := regexp.MustCompile(`^[A-Z].*[.]$`)
	for _, tool := range allTools(t) {
		s := tool.Spec
		if !name.MatchString(s.Name) {
			t.Errorf("%s: the name is not in snake_case", s.Name)
		}
		if n := len(s.Description); n < 80 || n > 300 {
			t.Errorf("%s: the description has %d characters, not 80 to 300", s.Name, n)
		}
		if !sentence.MatchString(s.Description) || strings.ContainsAny(s.Description, "*`#\n") {
			t.Errorf("%s: the description is not plain sentences: %q", s.Name, s.Description)
		}
		if h := s.Hints(); h.ReadOnly && h.Destructive {
			t.Errorf("%s: both read-only and destructive", s.Name)
		}
		for kind, schema := range map[string]json.RawMessage{"input": tool.InputSchema, "output": tool.OutputSchema} {
			if schema == nil && kind == "output" {
				continue // text alone
			}
			checkSchema(t, s.Name+" "+kind, schema)
		}
	}
}

// checkSchema wants a closed object whose properties are described where their
// names do not say it all: every argument is.
func checkSchema(t *testing.T, what string, raw json.RawMessage) {
	t.Helper()
	var schema struct {
		Type                 string
		AdditionalProperties any
		Properties           map[string]struct{ Description string }
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Type != "object" || schema.AdditionalProperties != false {
		t.Errorf("%s: the schema is not a closed object: %s", what, raw)
	}
	for name, p := range schema.Properties {
		if strings.HasSuffix(what, "input") && p.Description == "" {
			t.Errorf("%s: %s has no description", what, name)
		}
	}
}

// TestEveryFailureHasAHint calls each tool with arguments that no tool takes.
func TestEveryFailureHasAHint(t *testing.T) {
	for _, tool := range allTools(t) {
		for _, args := range []string{`{"no_such_argument":1}`, `[]`, `"x"`, `{"\u0000":1}`} {
			a := tools.Runtime{}.Call(t.Context(), tool, json.RawMessage(args))
			if a.Failure == nil || a.Failure.Code != "bad_argument" || a.Failure.Hint == "" {
				t.Errorf("%s %s: got %+v, want bad_argument with a hint", tool.Spec.Name, args, a.Failure)
			}
		}
	}
}

// TestErrorsOfTheStoreHaveHints lists the errors that agents see.
func TestErrorsOfTheStoreHaveHints(t *testing.T) {
	for _, err := range []error{
		&store.QueryError{}, &store.QueryError{SQLState: "57014"}, &store.QueryError{SQLState: "42501"}, &store.QueryError{SQLState: "53200"},
		&store.Unavailable{}, &store.Busy{}, &store.BadURL{}, &store.TooLarge{}, &store.BadParam{}, &inspect.NotFound{}, &notReady{},
	} {
		told, ok := err.(interface {
			Code() string
			Hint() string
		})
		if !ok || !regexp.MustCompile(`^[a-z_]+$`).MatchString(told.Code()) || !strings.HasSuffix(told.Hint(), ".") {
			t.Errorf("%T: lacks a code or a hint that is a sentence", err)
		}
	}
}

// TestDocs holds .env.example and the generated tables of the README.
func TestDocs(t *testing.T) {
	compareFile(t, "../../.env.example", []byte(envExample()))
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(readme)
	text = replaceSection(t, text, "tools", toolTable(allTools(t)))
	text = replaceSection(t, text, "settings", settingsTable(usual))
	compareFile(t, "../../README.md", []byte(text))
	compareFile(t, "../../docs/settings.md", []byte("# Settings\n\nFlags win over the environment, the environment over `.env`. `fluxmcp config` shows what holds and where it comes from.\n"+
		"This page is generated by `make docs`; `.env.example` has the same as a file to begin with.\n\n"+settingsTable(func(string) bool { return true })))
	if n := strings.Count(text, "\n"); n > 300 {
		t.Errorf("README.md has %d lines, more than 300", n)
	}
}

// replaceSection puts body between the markers of name.
func replaceSection(t *testing.T, text, name, body string) string {
	t.Helper()
	begin, end := "<!-- "+name+": generated by make docs -->\n", "<!-- end "+name+" -->"
	before, rest, ok1 := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("README.md has no section %s", name)
	}
	return before + begin + body + end + after
}

func toolTable(all []tools.Tool) string {
	var b strings.Builder
	b.WriteString("| tool | arguments | what it does |\n|---|---|---|\n")
	for _, tool := range all {
		b.WriteString("| `" + tool.Spec.Name + "` | " + arguments(tool) + " | " + tool.Spec.Description + " |\n")
	}
	return b.String()
}

// arguments lists a tool's arguments, required ones in bold.
func arguments(tool tools.Tool) string {
	var schema struct {
		Properties map[string]any
		Required   []string
	}
	if err := json.Unmarshal(tool.InputSchema, &schema); err != nil {
		return err.Error()
	}
	var names []string
	for name := range schema.Properties {
		if slices.Contains(schema.Required, name) {
			name = "**" + name + "**"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// usual reports whether the README has a setting; docs/settings.md has all.
func usual(name string) bool {
	for _, rare := range []string{"_REDIRECT_URI", "_AUTHORIZE_URL", "_API_URL", "_TOKEN_URL", "_PKCE", "FLUXMCP_POSTGRES_", "FLUXMCP_TRACE_", "OTLP_HEADERS", "FLUXMCP_LOG_", "_SEARCH_PATH", "_ENVIRONMENT", "_MAX_STREAMS", "_ADDRESS_LIMIT_PER_MINUTE", "GITHUB_SCOPES", "_AUTHORIZATION_SERVERS"} {
		if strings.Contains(name, rare) {
			return false
		}
	}
	return true
}

func settingsTable(shown func(name string) bool) string {
	var b strings.Builder
	b.WriteString("| setting | default | what it is |\n|---|---|---|\n")
	for _, row := range settingTable() {
		if !shown(row.name) {
			continue
		}
		initial := ""
		if row.initial != "" {
			initial = "`" + row.initial + "`"
		}
		b.WriteString("| `" + row.name + "` | " + initial + " | " + row.about + " |\n")
	}
	return b.String()
}
