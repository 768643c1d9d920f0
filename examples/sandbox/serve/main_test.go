package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestServePrintsSettingsThatWork(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--listen", "127.0.0.1:0", "--redirect", "http://127.0.0.1:8787/"}, in, io.Discard)
	}()
	settings := map[string]string{}
	lines := bufio.NewScanner(out)
	for settings["GITHUB_CLIENT_SECRET"] == "" && lines.Scan() { // which is the last one
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		settings[name] = value
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // so that nothing more would hold run up
	for provider, scope := range map[string]string{"figma": "current_user:read", "slack": "chat:write", "github": "repo"} {
		name := strings.ToUpper(provider)
		q := url.Values{"client_id": {settings[name+"_CLIENT_ID"]}, "redirect_uri": {"http://127.0.0.1:8787/api/integrations/" + provider + "/callback"}, "scope": {scope}, "state": {"x"}, "response_type": {"code"}}
		resp, err := http.Get(settings[name+"_AUTHORIZE_URL"] + "?" + q.Encode())
		if err != nil {
			t.Fatalf("%s: %v", provider, err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: the consent page answers %d, want 200", provider, resp.StatusCode)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v, want no error", err)
	}
}

func TestServeStaysOnThisMachine(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop() // whoever listens stops at once
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		if err := run(ctx, []string{"--listen", address}, io.Discard, io.Discard); err == nil || !strings.Contains(fmt.Sprint(err), "--listen") {
			t.Errorf("--listen %s: %v, want a refusal", address, err)
		}
	}
}
