package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestTextsOfAFile(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"what is hidden, with all in it", `{"visible":false,"characters":"hidden","children":[{"characters":"in it"}]}`},
		{"less than four letters", `{"characters":"abc"}`},
		{"a text", `{"children":[{"characters":"Save all"}]}|Save all`},
		{"a text twice", `{"children":[{"characters":"Save all"},{"characters":"Save all"}]}|Save all`},
		{"as JSON writes it", `{"characters":"a \"b\"\n<c>"}|a \"b\"\n<c>`},
		{"in its pieces", `{"characters":"plain bold again","characterStyleOverrides":[0,0,0,0,0,0,7,7,7,7]}|again|bold|plain`},
		{"with an emoji, which counts twice", `{"characters":"😀😀bold😀 and","characterStyleOverrides":[1,1,1,1,2,2,2,2]}|bold|😀 and|😀😀`},
		{"more styles than letters", `{"characters":"text","characterStyleOverrides":[0,0,0,0,0,1]}|text`},
	} {
		document, want, _ := strings.Cut(c.text, "|")
		got, err := textsOf([]byte(`{"document":` + document + `}`))
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, want)
		}
	}
	if got, err := textsOf([]byte("{")); err == nil {
		t.Errorf("no file: got %q, want an error", got)
	}
}

func TestWhatIsLost(t *testing.T) {
	r := result{texts: []string{"one", "three", "two"}, of: []measured{{text: "one two three"}, {text: "one"}}}
	if got := r.lost(1); !slices.Equal(got, []string{"three", "two"}) || r.kept(0) != 3 || r.kept(1) != 1 {
		t.Errorf("lost %q, kept %d and %d; want three and two lost, 3 and 1 kept", got, r.kept(0), r.kept(1))
	}
}

// fake is a server whose tool says which file it was asked for.
func fake(t *testing.T, answer func(key string) (string, error)) *server {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "fake", Version: "1"}, nil)
	type arguments struct {
		Key string `json:"key"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "read"}, func(_ context.Context, _ *mcp.CallToolRequest, in arguments) (*mcp.CallToolResult, any, error) {
		text, err := answer(in.Key)
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, err
	})
	near, far := mcp.NewInMemoryTransports()
	if _, err := s.Connect(t.Context(), far, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return &server{name: "fake", tool: "read", session: session, arguments: func(key string) map[string]any { return map[string]any{"key": key} }}
}

func TestEachFileIsNewOnceAndTheLastIsReadAgain(t *testing.T) {
	var asked []string
	m, err := fake(t, func(key string) (string, error) {
		asked = append(asked, key)
		return "text of " + key, nil
	}).measure(t.Context(), []string{"a", "b", "c"})
	if err != nil || m.text != "text of c" || m.first <= 0 || m.next <= 0 {
		t.Errorf("got %+v, %v; want the text of c, and two times", m, err)
	}
	if fmt.Sprint(asked) != "[a b c c c c]" {
		t.Errorf("asked for %v, want a, b and c, and then c three times", asked)
	}
}

func TestAFailureIsNoMeasurement(t *testing.T) {
	m, err := fake(t, func(string) (string, error) { return "", errors.New("no such file") }).measure(t.Context(), []string{"a"})
	if err == nil || !strings.Contains(err.Error(), "no such file") || m.text != "" {
		t.Errorf("got %+v, %v; want the failure", m, err)
	}
}

func TestTheBoxServesEachCopyUnderItsOwnKey(t *testing.T) {
	b, err := serve()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	keys, err := b.add("2.7MB", []byte(`{"name":"F","document":{"id":"0:0","type":"DOCUMENT","children":[]}}`), 2)
	if err != nil || len(keys) != 2 || keys[0] == keys[1] || len(keys[0]) != 22 || strings.Contains(keys[0], ".") {
		t.Errorf("keys %q, %v; want two of 22 letters and digits", keys, err)
	}
	if _, err := b.add("bad", []byte("{}"), 1); err == nil {
		t.Error("a file without a document is taken, want an error")
	}
}
