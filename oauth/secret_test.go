package oauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
)

func TestWhatHoldsASecretDoesNotShowIt(t *testing.T) {
	r, err := oauth.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get("slack")
	credentials := oauth.Credentials{ID: clientID, Secret: oauth.NewSecret(secret)}
	for name, v := range map[string]any{
		"a secret": credentials.Secret, "credentials": credentials, "a token": held(),
		"a grant": oauth.Grant{Tokens: []oauth.Token{held()}}, "a client": oauth.NewClient(p, credentials, nil),
	} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "value", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("seen", "value", v)
		inJSON, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := fmt.Sprintf("%v %+v %#v %s %q %x %d %s %s", v, v, v, v, v, v, v, log.String(), inJSON)
		for _, s := range secrets {
			if strings.Contains(seen, s) || strings.Contains(seen, fmt.Sprintf("%x", s)) {
				t.Errorf("%s shows %q: %s", name, s, seen)
			}
		}
	}
}
