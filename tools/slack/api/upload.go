package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	"github.com/slack-go/slack"
)

// PlaceUpload asks where the bytes of a file go. Nobody sees the file before
// ShareUpload, and without that it is gone again.
// Source: https://docs.slack.dev/reference/methods/files.getUploadURLExternal
func (c *Client) PlaceUpload(ctx context.Context, u Upload) (UploadPlace, error) {
	type place struct {
		envelope
		URL string `json:"upload_url"`
		ID  string `json:"file_id"`
	}
	m := filesGetUploadURL()
	if u.Size < 1 {
		return UploadPlace{}, c.marked(&Error{Kind: Refused, Method: m.name, err: errNoBytes})
	}
	got, err := ask[place](ctx, c, m, "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: u.Name, FileSize: int(u.Size), AltTxt: u.AltText})
		return err
	})
	if err != nil {
		return UploadPlace{}, err
	}
	if _, good := c.usable(got.URL); !good || !fileID.MatchString(got.ID) {
		return UploadPlace{}, c.marked(unreadable(m, errNoPlace))
	}
	return UploadPlace{FileID: got.ID, URL: got.URL}, nil
}

// errNoBytes is of a file without contents, which Slack does not take.
var errNoBytes = errors.New("a file of no bytes")

// errNoPlace is of an address that no file may go to.
var errNoPlace = errors.New("no address to upload to")

// maxAddress bounds an address, bytes.
const maxAddress = 8192

// fileID is what ids of files look like.
var fileID = regexp.MustCompile(`^F[A-Z0-9]{1,30}$`)

// ofSlack are Slack's own hosts, those of government clouds too.
var ofSlack = regexp.MustCompile(`^([a-z0-9-]+\.)*slack(-gov|-files)?\.com$`)

// usable is an address that files may go to: at home, or Slack's by https.
func (c *Client) usable(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress || u.User != nil || u.Host == "" {
		return nil, false
	}
	return u, u.Scheme == "https" && ofSlack.MatchString(strings.ToLower(u.Hostname())) || originOf(u) == origin(c.cfg.BaseURL)
}

// uploads is the method that errors of SendUpload name.
func uploads() method { return method{name: "upload"} }

// SendUpload sends the bytes of a file, exactly size of them, without a token:
// the address is secret enough. sent, unless nil, is told how many bytes have
// left so far, from one goroutine. It is not repeated; where it fails nobody has
// seen anything, and one begins anew with PlaceUpload.
// Source: https://docs.slack.dev/messaging/working-with-files#upload
func (c *Client) SendUpload(ctx context.Context, to UploadPlace, content io.Reader, size int64, sent func(int64)) error {
	u, good := c.usable(to.URL)
	if !good {
		return c.marked(&Error{Kind: Refused, Method: uploads().name, err: errNoPlace})
	}
	bounded, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := &progress{from: content, stall: time.AfterFunc(timeout, func() { stop(errSlow) }), sent: sent}
	defer p.stall.Stop()
	req, err := http.NewRequestWithContext(bounded, http.MethodPost, u.String(), p)
	if err != nil {
		return err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/octet-stream")
	return c.marked(c.upload(req, func() { stop(nil) }))
}

func (c *Client) upload(req *http.Request, stop func()) error {
	client := *c.cfg.Uploads
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return &Error{Kind: Refused, Method: uploads().name, err: bare(err)}
	case err != nil:
		return unsent(req.Context(), uploads(), err)
	}
	defer discard(resp.Body, stop)
	switch status := resp.StatusCode; {
	case status == http.StatusOK:
		return nil
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return &Error{Kind: Refused, Method: uploads().name, Status: status, err: errors.New("redirect, status " + strconv.Itoa(status))}
	default:
		return refused(uploads(), resp)
	}
}

// progress is what is sent, as it is sent. It must not pause for long.
type progress struct {
	from  io.Reader
	stall *time.Timer
	done  int64
	sent  func(int64)
}

// Read reads on.
func (p *progress) Read(b []byte) (int, error) {
	p.stall.Reset(timeout)
	n, err := p.from.Read(b)
	if p.done += int64(n); n > 0 && p.sent != nil {
		p.sent(p.done)
	}
	return n, err
}

// newUploads sends to public addresses and to the host of baseURL. The address is
// checked after the name is resolved, so that a name which changes its address
// wins nothing. It uses no proxy: one would do the resolving.
func newUploads(baseURL string) *http.Client {
	home := origin(baseURL)
	free := &net.Dialer{Timeout: dialTimeout}
	public := &net.Dialer{Timeout: dialTimeout, Control: ssrf.New(ssrf.WithPorts(443)).Safe}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr = strings.ToLower(addr); home == "http://"+addr || home == "https://"+addr {
				return free.DialContext(ctx, network, addr)
			}
			return public.DialContext(ctx, network, addr)
		},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           8,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}}
}

const dialTimeout = 5 * time.Second

// files is an answer with several.
type files struct {
	envelope
	Files []file `json:"files"`
}

// ShareUpload ends an upload and shares the file. It is sent once, as Post is;
// FileInfo tells later in which message it is.
// Source: https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (c *Client) ShareUpload(ctx context.Context, s Share) (File, error) {
	got, err := ask[files](ctx, c, filesCompleteUpload(), "", func(ctx context.Context, to *slack.Client) error {
		_, err := to.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
			Files:   []slack.FileSummary{{ID: s.FileID, Title: s.Title}},
			Channel: s.Channel, ThreadTimestamp: s.Thread, InitialComment: s.Comment,
		})
		return err
	})
	if err != nil {
		return File{}, err
	}
	shared := File{ID: s.FileID, Title: s.Title} // Slack says little more than that, at times nothing
	for _, f := range got.Files {
		if f.ID == s.FileID {
			shared = f.File
		}
	}
	return shared, nil
}

// FileInfo asks for a file, with the messages it is in.
// Source: https://docs.slack.dev/reference/methods/files.info
func (c *Client) FileInfo(ctx context.Context, id string) (File, error) {
	type one struct {
		envelope
		File file `json:"file"`
	}
	m := filesInfo()
	got, err := ask[one](ctx, c, m, "", func(ctx context.Context, s *slack.Client) error {
		_, _, _, err := s.GetFileInfoContext(ctx, id, 1, 1)
		return err
	})
	if err == nil && got.File.ID == "" {
		err = c.marked(unreadable(m, errNoID))
	}
	return got.File.File, err
}
