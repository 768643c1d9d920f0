package bearer

import (
	"errors"
	"net"
	"testing"

	"code.dny.dev/ssrf"
)

// A name that an issuer's metadata gives may resolve to anything.
func TestOnlyNamedHostsMayBePrivate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	tests := []struct {
		name, issuer string
		refused      bool
	}{
		{"an address that nobody named", "login.example.com", true},
		{"the issuer's own address", "127.0.0.1", false},
		{"this machine, where the issuer is on it", "localhost", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newTransport(tt.issuer, "").DialContext(t.Context(), "tcp", l.Addr().String())
			if err == nil {
				_ = c.Close()
			}
			refused := errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort)
			if refused != tt.refused || (err == nil) == tt.refused {
				t.Errorf("got %v, want refused=%v", err, tt.refused)
			}
		})
	}
}

func TestTransportHasNoProxy(t *testing.T) {
	if newTransport("login.example.com", "").Proxy != nil {
		t.Error("got a proxy, want none: it would resolve names unchecked")
	}
}
