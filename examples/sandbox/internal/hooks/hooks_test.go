package hooks_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
)

func TestSignaturesAreThePublishedOnes(t *testing.T) {
	// Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
	body := []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
	const slack = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	if got := hooks.SignSlack("8f742231b10e8888abcd99yyyzzz85a5", time.Unix(1531420618, 0), body); got != slack {
		t.Errorf("Slack: %s, want %s", got, slack)
	}
	// Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
	const github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := hooks.SignGitHub("It's a Secret to Everybody", []byte("Hello, World!")); got != github {
		t.Errorf("GitHub: %s, want %s", got, github)
	}
}

func TestNothingIsSentToOtherMachines(t *testing.T) {
	s := hooks.NewSender(slog.New(slog.DiscardHandler))
	for _, address := range []string{"https://example.com/", "http://10.0.0.1/", "http://127.0.0.1.example/", "ftp://127.0.0.1/", "http://[::ffff:8.8.8.8]/", "127.0.0.1", ""} {
		if r := s.Send(t.Context(), hooks.Delivery{URL: address}); !errors.Is(r.Err, hooks.ErrAway) {
			t.Errorf("%q: %v, want ErrAway", address, r.Err)
		}
	}
	elsewhere := httptest.NewServer(http.RedirectHandler("http://example.com/", http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	if r := s.Send(t.Context(), hooks.Delivery{URL: elsewhere.URL}); r.Status != http.StatusTemporaryRedirect {
		t.Errorf("a redirect: %v %v, want it not followed", r.Status, r.Err)
	}
}
