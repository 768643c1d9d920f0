package bearer

import (
	"context"
	"net"
	"net/http"
	"slices"
	"time"

	"code.dny.dev/ssrf"
)

const dialTimeout = 3 * time.Second

// newTransport connects to the hosts that the operator has named wherever they
// are, and to others, which an issuer's metadata names, only at public
// addresses. The address is checked after the name is resolved, so that a name
// which changes its address wins nothing. It uses no proxy: one would do the
// resolving.
func newTransport(issuer, keys string) *http.Transport {
	free := &net.Dialer{Timeout: dialTimeout}
	public := &net.Dialer{Timeout: dialTimeout, Control: ssrf.New(ssrf.WithPorts(443)).Safe}
	named := []string{issuer, keys}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(addr)
			if err == nil && (slices.Contains(named, host) || isLoopback(issuer) && isLoopback(host)) {
				return free.DialContext(ctx, network, addr)
			}
			return public.DialContext(ctx, network, addr)
		},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           2,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
}
