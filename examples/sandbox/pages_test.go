package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// page reads a page as a browser without scripts does.
func page(t *testing.T, method, address, form string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return resp, string(text)
}

func TestConsentPagesAreUsableAndSaySandbox(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	action := regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	for provider, scope := range map[string]string{sandbox.Figma: "file_content:read", sandbox.Slack: "chat:write", sandbox.GitHub: "repo"} {
		t.Run(provider, func(t *testing.T) {
			address := clientOf(s, base, provider, scope).AuthCodeURL("<5bx>")
			resp, text := page(t, "GET", address, "")
			for _, want := range []string{`<html lang="en">`, "SANDBOX", "<main>", "<h1>", "<legend>", scope, "127.0.0.1:8787", ">Allow access</button>", ">Cancel</button>", "Caleb Ochoa", "Meridian Visual Works"} {
				if !strings.Contains(text, want) {
					t.Errorf("the page has no %s", want)
				}
			}
			if strings.Contains(text, "<5bx>") || strings.Contains(text, "<script") || strings.Contains(text, "style=") {
				t.Error("the page has what was in the query, or scripts, or styles of its own")
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "form-action") || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v, want a strict policy that lets the form lead away", resp.Header)
			}
			form := action.FindStringSubmatch(text)
			if form == nil {
				t.Fatal("the page has no form")
			}
			target, _ := url.Parse(address)
			answer, _ := target.Parse(strings.ReplaceAll(form[1], "&amp;", "&"))
			resp, _ = page(t, "POST", answer.String(), "person=mei.ramirez&decision=allow")
			back, err := resp.Location()
			if err != nil || resp.StatusCode != http.StatusSeeOther || back.Query().Get("state") != "<5bx>" || back.Query().Get("code") == "" {
				t.Errorf("allowed: %d %v %v, want a redirect with code and state", resp.StatusCode, back, err)
			}
			for _, wrong := range []string{"person=nobody&decision=allow", "person=fatima.yates&decision=allow", "person=mei.ramirez", ""} {
				if resp, _ := page(t, "POST", answer.String(), wrong); resp.StatusCode != http.StatusBadRequest {
					t.Errorf("form %q: %d, want 400", wrong, resp.StatusCode)
				}
			}
			resp, text = page(t, "POST", answer.String(), "person=mei.ramirez&decision=cancel")
			if provider == sandbox.Figma && (resp.StatusCode != http.StatusOK || !strings.Contains(text, "Access was not allowed")) {
				t.Errorf("denied: %d %s, want to stay", resp.StatusCode, text)
			}
			if back, _ := resp.Location(); provider != sandbox.Figma && back.Query().Get("error") != "access_denied" {
				t.Errorf("denied: sent to %v, want error=access_denied", back)
			}
		})
	}
	if resp, text := page(t, "GET", base+"/_page.css", ""); resp.StatusCode != 200 || !strings.Contains(text, "focus-visible") {
		t.Errorf("the style sheet: %d", resp.StatusCode)
	}
	if resp, _ := page(t, "GET", base+"/", ""); resp.StatusCode != 200 {
		t.Errorf("the first page: %d, want 200", resp.StatusCode)
	}
	if resp, _ := page(t, "GET", base+"/figma/v1/nothing", ""); resp.StatusCode != 404 {
		t.Errorf("a path that is not served: %d, want 404", resp.StatusCode)
	}
}
