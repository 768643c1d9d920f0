package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// box is a sandbox that listens.
type box struct {
	*sandbox.Sandbox
	figma, token string // its address of Figma, and a personal access token there
	server       *http.Server
}

func serve() (*box, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	base := "http://" + listener.Addr().String()
	s := sandbox.New(sandbox.Options{BaseURL: base})
	b := &box{Sandbox: s, figma: base + "/figma", token: s.PersonalToken(sandbox.Figma, "caleb.ochoa"), server: &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = b.server.Serve(listener) }() // ends with close
	return b, nil
}

func (b *box) close() { _ = b.server.Close() }

// add puts one file there under as many keys.
func (b *box) add(name string, raw []byte, copies int) (keys []string, err error) {
	letters := strings.Map(func(r rune) rune {
		if r == '.' {
			return -1
		}
		return r
	}, name)
	for i := range copies {
		key := fmt.Sprintf("Side%sBy%0*d", letters, 16-len(letters), i)
		if err := b.AddFigmaFile(key, raw); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// server is an MCP server that is running.
type server struct {
	name, tool string
	arguments  func(key string) map[string]any
	session    *mcp.ClientSession
	process    *exec.Cmd
}

// connect starts a server with an environment of its own.
func connect(ctx context.Context, name, home, tool string, arguments func(string) map[string]any, env []string, command ...string) (*server, error) {
	s := &server{name: name, tool: tool, arguments: arguments, process: exec.Command(command[0], command[1:]...)}
	s.process.Dir, s.process.Env = home, append(env, "HOME="+home, "PATH="+os.Getenv("PATH"))
	log := &strings.Builder{}
	s.process.Stderr = log
	client := mcp.NewClient(&mcp.Implementation{Name: "framelink-side-by-side", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: s.process}, nil)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w: %s", name, err, log)
	}
	s.session = session
	return s, nil
}

func (s *server) close() { _ = s.session.Close() }

// measured is what a server made of a file.
type measured struct {
	text        string
	first, next time.Duration // medians: of a file that is new to the server, and of the same once more
}

// measure reads files that are the same but for their keys, and then the last of
// them as often again.
func (s *server) measure(ctx context.Context, keys []string) (m measured, err error) {
	var first, next []time.Duration
	for i := range 2 * len(keys) {
		began := time.Now()
		text, err := s.read(ctx, keys[min(i, len(keys)-1)])
		took := time.Since(began)
		if err != nil {
			return m, err
		}
		if i < len(keys) {
			first = append(first, took)
		} else {
			next = append(next, took)
		}
		m.text = text
	}
	slices.Sort(first)
	slices.Sort(next)
	m.first, m.next = first[len(first)/2], next[len(next)/2]
	return m, nil
}

// read calls the server's tool, and returns all that a model would see.
func (s *server) read(ctx context.Context, key string) (string, error) {
	res, err := s.session.CallTool(ctx, &mcp.CallToolParams{Name: s.tool, Arguments: s.arguments(key)})
	if err != nil {
		return "", fmt.Errorf("call %s: %w", s.tool, err)
	}
	var text strings.Builder
	for _, part := range res.Content {
		if t, ok := part.(*mcp.TextContent); ok {
			text.WriteString(t.Text)
		}
	}
	if res.StructuredContent != nil {
		fmt.Fprint(&text, res.StructuredContent)
	}
	if res.IsError {
		return "", errors.New(text.String())
	}
	return text.String(), nil
}
