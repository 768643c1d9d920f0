package oauth_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

func TestASlowProviderIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		name  string
		given time.Duration
		want  time.Duration
	}{
		{"after 10 s", 0, 10 * time.Second},
		{"after what the caller's client says", 3 * time.Second, 3 * time.Second},
	} {
		p := provider(t, "slack", serverAt("https://provider.example"))
		slow := oauth.NewClient(p, oauth.Credentials{ID: clientID, Secret: oauth.NewSecret(secret)}, &http.Client{Transport: hangs{}, Timeout: c.given})
		for name, ask := range methods(slow) {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					before := time.Now()
					err := ask(t.Context())
					if e := wantKind(t, err, oauth.Away, ""); !errors.Is(err, context.DeadlineExceeded) || e.RetryAfter() <= 0 {
						t.Errorf("got %v, want context.DeadlineExceeded in it, and a time to try again", err)
					}
					if took := time.Since(before); took != c.want {
						t.Errorf("gave up after %v, want %v", took, c.want)
					}
				})
			})
		}
	}
}

func TestACallerWhoLeavesIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := provider(t, "slack", serverAt("https://provider.example"))
	for name, ask := range methods(oauth.NewClient(p, oauth.Credentials{}, &http.Client{Transport: hangs{}})) {
		if err := ask(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled in it", name, err)
		}
	}
}

func TestAProviderThatIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	_ = listener.Close()
	for _, ask := range methods(client(provider(t, "slack", serverAt(address)))) {
		wantKind(t, ask(t.Context()), oauth.Away, "")
	}
}

// Codes of RFC 6749 and RFC 6750 are known of every provider.
func TestStandardCodes(t *testing.T) {
	for code, want := range map[string]oauth.Kind{
		"invalid_grant": oauth.RefusedGrant, "access_denied": oauth.RefusedGrant, "invalid_token": oauth.RefusedGrant, "insufficient_scope": oauth.RefusedGrant,
		"invalid_client": oauth.BadClient, "unauthorized_client": oauth.BadClient,
		"invalid_request": oauth.Malformed, "unsupported_grant_type": oauth.Malformed, "invalid_scope": oauth.Malformed,
		"server_error": oauth.Away, "temporarily_unavailable": oauth.Away, "slow_down": oauth.Limited, "something_else": oauth.Malformed,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { replyStatus(w, 400, `{"error":"`+code+`"}`) })
		c := client(moved(t, provider(t, "github", s.Server), "token", s.URL))
		_, err := c.Refresh(t.Context(), held())
		wantKind(t, err, want, code)
	}
}

func TestACertificateThatIsNotAccepted(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // its complaint about us
	s.StartTLS()
	t.Cleanup(s.Close)
	_, err := client(provider(t, "slack", s)).Refresh(t.Context(), held())
	if e := wantKind(t, err, oauth.Away, ""); !strings.Contains(e.Error(), "certificate") {
		t.Errorf("got %v, want the operator to learn of the certificate", e)
	}
}

func TestErrorsSayWhoCanMendThem(t *testing.T) {
	for _, c := range []struct {
		kind  oauth.Kind
		code  string
		retry bool
	}{
		{oauth.RefusedGrant, "needs_reconnect", false},
		{oauth.BadClient, "provider_misconfigured", false},
		{oauth.Away, "provider_unavailable", true},
		{oauth.Limited, "provider_limited", true},
		{oauth.Malformed, "provider_malformed", false},
	} {
		e := &oauth.Error{Kind: c.kind, Provider: "acme"}
		if e.Code() != c.code || (e.RetryAfter() > 0) != c.retry {
			t.Errorf("%s: code is %s and to be tried again after %v, want %s and %t", c.kind, e.Code(), e.RetryAfter(), c.code, c.retry)
		}
		if hint := e.Hint(); hint == "" || hint[len(hint)-1] != '.' {
			t.Errorf("%s: hint is %q, want a sentence", c.kind, hint)
		}
		if e.LogCause() != e.Error() {
			t.Errorf("%s: the log gets %q, want what the error says", c.kind, e.LogCause())
		}
	}
	if e := (&oauth.Error{Kind: oauth.Limited, Wait: 3 * time.Second}); e.RetryAfter() != 3*time.Second {
		t.Errorf("to be tried again after %v, want what the provider says", e.RetryAfter())
	}
}
