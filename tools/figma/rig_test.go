package figma

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/figmatest"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

// What the sandbox has.
const (
	tidal  = "SbxTidalShowDesign0001"
	kit    = "SbxFluxKitLibrary00004"
	board  = "SbxNorthernLights00002"
	team   = "1170245155647481000"
	folder = "81000001" // with tidal in it
	caleb  = "figd_SANDBOX_caleb_ochoa"
)

// smallCache is a files.Cache.
type smallCache map[string][]byte

func (m smallCache) Get(_ context.Context, key string) ([]byte, bool) { v, ok := m[key]; return v, ok }
func (m smallCache) Put(_ context.Context, key string, value []byte, _ time.Duration) {
	m[key] = value
}

// rig is the toolset over a sandbox, every request and answer held to Figma's
// specification.
type rig struct {
	*sandbox.Sandbox
	watch *figmatest.Watch
	tools map[string]tools.Tool
	set   tools.Toolset
	ahead time.Duration // of the clock that says how long versions hold
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{Sandbox: sandbox.New(sandbox.Options{})}
	srv := httptest.NewServer(g.Handler())
	t.Cleanup(srv.Close)
	client := figmatest.Client(t, srv.URL+"/figma", caleb)
	g.watch = figmatest.Watching(client)
	g.use(srv.URL+"/figma", client)
	return g
}

// use makes the tools anew, over a Figma at base.
func (g *rig) use(base string, client *http.Client) {
	account := func(context.Context) (string, error) { return "caleb", nil }
	a := api.New(api.Config{BaseURL: base, Client: func(context.Context) *http.Client { return client }, Account: account})
	g.set = New(Config{API: a, Account: account, Files: files.New(files.Config{API: a, Account: account, Small: smallCache{}, Now: func() time.Time { return time.Now().Add(g.ahead) }})})
	g.tools = map[string]tools.Tool{}
	for _, t := range g.set.Tools {
		g.tools[t.Spec.Name] = t
	}
}

// serve makes a rig over another Figma than the sandbox: one with bad days.
func serve(t *testing.T, h http.HandlerFunc) *rig {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	g := &rig{}
	g.use(srv.URL, srv.Client())
	return g
}

// call calls a tool.
func (g *rig) call(t *testing.T, tool, args string) tools.Answer {
	t.Helper()
	return tools.Runtime{}.Call(t.Context(), g.tools[tool], json.RawMessage(args))
}

// must is call of what must not fail.
func (g *rig) must(t *testing.T, tool, args string) tools.Answer {
	t.Helper()
	a := g.call(t, tool, args)
	if a.Failure != nil {
		t.Fatalf("%s %s: got %+v", tool, args, a.Failure)
	}
	return a
}

// decoded is the structured part of an answer.
func decoded[T any](t *testing.T, a tools.Answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(a.Structured, &v); err != nil {
		t.Fatalf("%s: %v", a.Structured, err)
	}
	return v
}
