package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Turn turns a knob of a sandbox that another process serves at base: name is
// what follows /_control/, arguments what README.md lists for it. A result, such
// as how many tokens were ended, is nil where the knob has none.
func Turn(ctx context.Context, base, name string, arguments map[string]any) (result any, err error) {
	text, err := json.Marshal(arguments)
	if err != nil {
		return nil, fmt.Errorf("write the arguments: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/_control/"+name, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Result any    `json:"result"`
		Error  string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read the sandbox's answer of status %d: %w", resp.StatusCode, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("turn %s of the sandbox: %s", name, answer.Error)
	}
	return answer.Result, nil
}
