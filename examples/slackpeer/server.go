package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// rounds is how often a task is given, unless it says otherwise: once, and as often
// again as there is a middle one.
const rounds = 6

// maxPages bounds how far an answer is followed.
const maxPages = 200

// server is an MCP server that is compared.
type server struct {
	name    string
	command []string
	env     []string
	use     func(task) use
	cursor  func(*mcp.CallToolResult) string // empty: there is no more

	session *mcp.ClientSession
	process *exec.Cmd
}

// theirs is slack-mcp-server. Its cursor is the last cell of the last row of CSV.
func theirs(program string, b *box, token string, bot bool) *server {
	s := &server{
		name: "slack-mcp-server", command: []string{program, "--transport", "stdio"}, use: func(t task) use { return t.theirs },
		env: []string{
			"SLACK_MCP_PROXY=" + b.proxy, "SLACK_MCP_SERVER_CA=" + b.certificate, "SLACK_MCP_ADD_MESSAGE_TOOL=true", "SLACK_MCP_LOG_LEVEL=error",
			"SLACK_MCP_XOXP_TOKEN=" + token,
		},
		cursor: func(r *mcp.CallToolResult) string {
			text := strings.TrimSuffix(shown(r), "\n")
			return strings.Trim(text[strings.LastIndexAny(text, ",\n")+1:], `"`)
		},
	}
	if bot {
		s.env[len(s.env)-1] = "SLACK_MCP_XOXB_TOKEN=" + token
	}
	return s
}

// ours is fluxmcp.
func ours(program string, b *box, token string) *server {
	return &server{
		name: "fluxmcp", command: []string{program, "stdio", "--toolsets", "slack"}, use: func(t task) use { return t.ours },
		env: []string{"SLACK_API_URL=" + b.base + "/slack/api", "SLACK_BOT_TOKEN=" + token, "RATE_LIMIT_PER_MINUTE=0"},
		cursor: func(r *mcp.CallToolResult) string {
			fields, _ := r.StructuredContent.(map[string]any)
			next, _ := fields["next_cursor"].(string)
			return next
		},
	}
}

// measured is what a server made of a task.
type measured struct {
	text, whole int            // bytes: what is shown to a model, and the result as it is sent
	named       int            // of what a whole answer names
	answers     int            // that it took, more than one where the rest was asked for
	calls       map[string]int // of Slack, in the first round
	slack       int64          // bytes that it had from Slack, in the first round
	first, next time.Duration  // the first round, and the median of the others; 0: there were none
	lacks       string         // why there is nothing
}

// work starts a server, gives it all tasks and reports.
func (s *server) work(ctx context.Context, home string, b *box, tasks []task, r *report) error {
	for _, start := range []string{"first", "later"} { // what it keeps at home is there the second time
		if s.session != nil {
			_ = s.session.Close() // it has ended, one way or the other
		}
		b.used() // so that only its own calls count
		began := time.Now()
		if err := s.connect(ctx, filepath.Join(home, s.name)); err != nil {
			return err
		}
		first, err := s.ready(ctx, tasks[0])
		if err != nil {
			return err
		}
		calls, _ := b.used()
		r.started(s.name, start, time.Since(began), first, calls)
	}
	defer func() { _ = s.session.Close() }()
	tools, err := s.tools(ctx)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, t.name)
		m := measured{lacks: "it has no tool for it with this token"}
		if tools[s.use(t).tool] {
			m, err = s.measure(ctx, b, t)
			switch {
			case err != nil && t.human && t.raw == 0:
				m = measured{lacks: "it refuses that with this token"}
			case err != nil:
				return fmt.Errorf("%s, %s: %w", s.name, t.name, err)
			}
		}
		r.add(s.name, t, m)
	}
	r.memory(s.name, s.process.Process.Pid)
	return nil
}

// connect starts the server with an environment and a home of its own.
func (s *server) connect(ctx context.Context, home string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("make a home for %s: %w", s.name, err)
	}
	s.process = exec.Command(s.command[0], s.command[1:]...)
	s.process.Dir, s.process.Env = home, append(s.env, "HOME="+home, "PATH="+os.Getenv("PATH"))
	log := &strings.Builder{}
	s.process.Stderr = log
	client := mcp.NewClient(&mcp.Implementation{Name: "slack-side-by-side", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: s.process}, nil)
	if err != nil {
		return fmt.Errorf("start %s: %w: %s", s.name, err, log)
	}
	s.session = session
	return nil
}

// ready gives the first task until it is done: a server may want time to read what
// there is. It returns how long the last try took.
func (s *server) ready(ctx context.Context, t task) (took time.Duration, err error) {
	patient, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	for {
		began := time.Now()
		if _, err = s.call(ctx, s.use(t).tool, s.use(t).with(0)); err == nil {
			return time.Since(began), nil
		}
		select {
		case <-patient.Done():
			return 0, fmt.Errorf("%s never answers: %w", s.name, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tools are the names of those that there are.
func (s *server) tools(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	for tool, err := range s.session.Tools(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("list the tools of %s: %w", s.name, err)
		}
		names[tool.Name] = true
	}
	return names, nil
}

// measure gives a task as often as rounds says. What the answer needs is counted
// in the last one; the times are of whole rounds.
func (s *server) measure(ctx context.Context, b *box, t task) (m measured, err error) {
	var times []time.Duration
	b.used()
	most := cmp.Or(t.rounds, rounds)
	for round := range most {
		began := time.Now()
		results, err := s.round(ctx, s.use(t), round)
		if err != nil {
			return m, err
		}
		times = append(times, time.Since(began))
		if round == 0 {
			m.calls, m.slack = b.used()
		}
		if round == most-1 {
			m.take(results, t.needs)
		}
	}
	m.first, times = times[0], times[1:]
	if slices.Sort(times); len(times) > 0 {
		m.next = times[len(times)/2]
	}
	return m, nil
}

// take counts the bytes of results, and what they name.
func (m *measured) take(results []*mcp.CallToolResult, needs []string) {
	var text strings.Builder
	for _, r := range results {
		text.WriteString(shown(r))
		whole, _ := json.Marshal(r) // it came as JSON
		m.whole += len(whole)
	}
	m.text, m.answers = text.Len(), len(results)
	for _, id := range needs {
		if strings.Contains(text.String(), id) {
			m.named++
		}
	}
}

// round does a task once, with the pages that follow where it is to.
func (s *server) round(ctx context.Context, u use, round int) (results []*mcp.CallToolResult, err error) {
	with := u.with(round)
	for range maxPages {
		r, err := s.call(ctx, u.tool, with)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
		cursor := s.cursor(r)
		if u.more == nil || cursor == "" {
			return results, nil
		}
		with = u.more(cursor)
	}
	return nil, fmt.Errorf("there is no end after %d answers", maxPages)
}

func (s *server) call(ctx context.Context, tool string, with arguments) (*mcp.CallToolResult, error) {
	r, err := s.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: maps.Clone(with)})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", tool, err)
	}
	if r.IsError {
		return nil, errors.New(shown(r))
	}
	return r, nil
}

// shown is the text that a model sees.
func shown(r *mcp.CallToolResult) string {
	var text strings.Builder
	for _, part := range r.Content {
		if t, ok := part.(*mcp.TextContent); ok {
			text.WriteString(t.Text)
		}
	}
	return text.String()
}
