package bearer

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	maxBody      = 1 << 20
	maxRedirects = 3
	fetchTimeout = 5 * time.Second  // of one request
	roundTimeout = 10 * time.Second // of discovery and keys together
)

// fault is a failed fetch in words that may be shown: no URL, and no text of the
// other side or of net/http.
type fault struct {
	host   string
	status int // 0: no answer
	what   string
	final  bool // looking elsewhere on the host is of no use, or not safe
}

// Error names the host.
func (f *fault) Error() string {
	if f.status != 0 && f.status != http.StatusOK {
		return fmt.Sprintf("%s answers %d", f.host, f.status)
	}
	return f.host + " " + f.what
}

func attributes(err error) []slog.Attr {
	var f *fault
	if !errors.As(err, &f) {
		return nil
	}
	return []slog.Attr{slog.String("host", f.host), slog.Int("status", f.status), slog.String("kind", f.what)}
}

var (
	errElsewhere = errors.New("redirect to another host")
	errTooMany   = errors.New("too many redirects")
)

// fetcher gets the keys of one issuer. It is for one goroutine.
type fetcher struct {
	issuer   Issuer
	loopback bool // the issuer is on this machine
	own      bool // the transport is
	client   *http.Client
	found    string // where discovery found the keys, until fetching them fails
}

// newFetcher takes an issuer whose URLs have been checked.
func newFetcher(i Issuer, transport http.RoundTripper) *fetcher {
	at, _ := url.Parse(i.URL)
	keys, _ := url.Parse(i.JWKS)
	own := transport == nil
	if own {
		transport = newTransport(at.Hostname(), keys.Hostname())
	}
	return &fetcher{
		issuer: i, loopback: isLoopback(at.Hostname()), own: own,
		client: &http.Client{Transport: transport, CheckRedirect: sameHost},
	}
}

// close leaves a transport alone that was given.
func (f *fetcher) close() {
	if f.own {
		f.client.CloseIdleConnections()
	}
}

func sameHost(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return errElsewhere
	}
	if len(via) > maxRedirects {
		return errTooMany
	}
	return nil
}

// fetch gets the keys, from where they are said or were found to be.
func (f *fetcher) fetch(ctx context.Context) (keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	if f.issuer.JWKS != "" {
		return f.keys(ctx, f.issuer.JWKS)
	}
	if f.found == "" {
		at, err := f.discover(ctx)
		if err != nil {
			return nil, err
		}
		f.found = at
	}
	keys, err := f.keys(ctx, f.found)
	if err != nil {
		f.found = "" // they may have moved
	}
	return keys, err
}

// discover looks for the issuer's metadata in the places that OpenID Connect
// Discovery 1.0 section 4 and RFC 8414 section 3 give, then for keys in the
// customary one.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	for _, at := range metadataURLs(f.issuer.URL) {
		keys, err := f.metadata(ctx, at)
		if err == nil {
			return keys, nil
		}
		var told *fault
		// Some servers answer an unknown path with an error, some with their home page.
		if errors.As(err, &told) && told.final {
			return "", err
		}
	}
	return trimSlash(f.issuer.URL) + "/.well-known/jwks.json", nil
}

func metadataURLs(issuer string) []string {
	const oidc, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	issuer = trimSlash(issuer)
	u, _ := url.Parse(issuer) // checked by New
	root := u.Scheme + "://" + u.Host
	return slices.Compact([]string{issuer + oidc, root + oauth + u.EscapedPath(), issuer + oauth})
}

// metadata gives the jwks_uri of the metadata at an address.
func (f *fetcher) metadata(ctx context.Context, at string) (string, error) {
	body, err := f.get(ctx, at)
	if err != nil {
		return "", err
	}
	var doc struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if json.Unmarshal(body, &doc) != nil {
		return "", f.wrong("answers with metadata that is not JSON", false)
	}
	if trimSlash(doc.Issuer) != trimSlash(f.issuer.URL) {
		return "", f.wrong("answers with the metadata of another issuer", true)
	}
	if _, ok := webURL(doc.Keys, f.loopback); !ok {
		return "", f.wrong("names no https address for its keys", true)
	}
	return doc.Keys, nil
}

func (f *fetcher) wrong(what string, final bool) *fault {
	u, _ := url.Parse(f.issuer.URL)
	return &fault{u.Host, http.StatusOK, what, final}
}

func (f *fetcher) keys(ctx context.Context, at string) (keySet, error) {
	body, err := f.get(ctx, at)
	if err != nil {
		return nil, err
	}
	keys, ok := parseKeys(body)
	if !ok {
		return nil, f.wrong("answers with no JWK set", true)
	}
	return keys, nil
}

// get returns a body of at most 1 MiB. Its errors are *fault.
func (f *fetcher) get(ctx context.Context, at string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, f.wrong("names no address that can be asked", true)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, &fault{r.URL.Host, 0, kind(err), true}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, &fault{r.URL.Host, answer.StatusCode, "answers with an error", false}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return nil, &fault{r.URL.Host, 0, kind(err), true}
	}
	if len(body) > maxBody {
		return nil, &fault{r.URL.Host, http.StatusOK, "answers with more than 1 MiB", false}
	}
	return body, nil
}

// kind puts an error of the network into our words: its own text has the URL.
func kind(err error) string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "did not answer in time"
	case errors.Is(err, errElsewhere), errors.Is(err, errTooMany):
		return "redirects to another host or too often"
	case errors.As(err, &certificate):
		return "has a certificate that is not accepted"
	default:
		return "cannot be reached"
	}
}
