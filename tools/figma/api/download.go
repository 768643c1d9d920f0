package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

const (
	dialTimeout  = 5 * time.Second
	maxRedirects = 3
)

// Picture is what is at the address of a picture.
type Picture struct {
	Data     []byte
	MIMEType string // as it was sent, without parameters
}

// TooLarge says that a picture is larger than was asked for.
type TooLarge struct{ Limit int64 } // bytes

// Error says how large it may be.
func (e *TooLarge) Error() string {
	return fmt.Sprintf("the picture has more than %d bytes", e.Limit)
}

// Unwrap makes it AnswerTooLarge for KindOf.
func (*TooLarge) Unwrap() error { return &Error{Kind: AnswerTooLarge} }

// Code is figma_picture_too_large.
func (*TooLarge) Code() string { return "figma_picture_too_large" }

// Hint says what to do.
func (*TooLarge) Hint() string { return "Use the link, or ask for a smaller scale." }

// Download fetches what is at an address that Images or ImageFills gave, at most
// limit bytes. It sends no token.
// Errors: *TooLarge; *Error: PictureGone, Away, or BadRequest of an address that
// is not Figma's way.
func (c *Client) Download(ctx context.Context, address string, limit int64) (p Picture, err error) {
	u, err := url.Parse(address)
	if err != nil || !fetchable(u, origin(c.cfg.BaseURL)) {
		return p, &Error{Kind: BadRequest}
	}
	return p, persist(ctx, func() error {
		p, err = c.fetch(ctx, u, limit)
		return err
	})
}

// fetchable tells where pictures may be: at home, or anywhere by https.
func fetchable(u *url.URL, home string) bool {
	return u.User == nil && u.Host != "" && (u.Scheme == "https" || originOf(u) == home)
}

// maxAddress bounds the address of a picture, bytes.
const maxAddress = 4096

// usable is an address that may be shown and opened, or empty.
func (c *Client) usable(address string) string {
	u, err := url.Parse(address) // which takes no control characters
	if err != nil || len(address) > maxAddress || !fetchable(u, origin(c.cfg.BaseURL)) {
		return ""
	}
	return u.String()
}

func (c *Client) fetch(ctx context.Context, u *url.URL, limit int64) (Picture, error) {
	bounded, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	req, err := http.NewRequestWithContext(bounded, http.MethodGet, u.String(), nil)
	if err != nil {
		return Picture{}, fmt.Errorf("make request: %w", err)
	}
	resp, err := c.cfg.Pictures.Do(req)
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
		return Picture{}, &Error{Kind: BadRequest, err: bare(err)}
	}
	if err != nil {
		return Picture{}, unsent(ctx, err)
	}
	defer discard(resp.Body, stop)
	switch {
	case resp.StatusCode >= http.StatusInternalServerError:
		return Picture{}, &Error{Kind: Away, Status: resp.StatusCode, Wait: awayWait, again: true}
	case resp.StatusCode != http.StatusOK:
		return Picture{}, &Error{Kind: PictureGone, Status: resp.StatusCode}
	case resp.ContentLength > limit:
		return Picture{}, &TooLarge{limit}
	}
	b := newBody(resp.Body, limit, stop)
	data, err := io.ReadAll(b)
	switch {
	case errors.Is(err, errTooLarge):
		return Picture{}, &TooLarge{limit}
	case err != nil:
		return Picture{}, b.why(ctx, ask{})
	}
	return Picture{Data: data, MIMEType: typeOf(resp.Header, data)}, nil
}

// typeOf is the type that the sender names, or what it looks like.
func typeOf(h http.Header, data []byte) string {
	named, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || named == "application/octet-stream" || named == "binary/octet-stream" {
		named, _, _ = mime.ParseMediaType(http.DetectContentType(data))
	}
	return named
}

// newPictures fetches from public addresses and from the host of baseURL. The
// address is checked after the name is resolved, so that a name which changes
// its address wins nothing. It uses no proxy: one would do the resolving.
func newPictures(baseURL string) *http.Client {
	home := origin(baseURL)
	free := &net.Dialer{Timeout: dialTimeout}
	public := &net.Dialer{Timeout: dialTimeout, Control: ssrf.New(ssrf.WithPorts(443)).Safe}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if addr = strings.ToLower(addr); home == "http://"+addr || home == "https://"+addr {
					return free.DialContext(ctx, network, addr)
				}
				return public.DialContext(ctx, network, addr)
			},
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  stall,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           8,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects || !fetchable(r.URL, home) {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}
