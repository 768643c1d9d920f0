// Package api calls Figma's REST API as the person who asks. It knows requests,
// answers, errors and rate limits; it knows no tool, keeps no answer and has no
// token: the client it is given sends as that person.
//
// Source: https://developers.figma.com/docs/rest-api/ and Figma's OpenAPI 0.43.0.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of answers, bytes after decompression.
const (
	DefaultMaxFile = 96 << 20 // of File and Nodes
	maxSmall       = 8 << 20  // of all other calls
)

// Config is how Figma is reached. BaseURL and Client are required.
type Config struct {
	BaseURL string // such as https://api.figma.com

	// Client sends requests as the person of ctx; it adds the token itself. Those
	// of its errors that have Code() are passed on. Its redirects are not followed.
	Client func(ctx context.Context) *http.Client

	// Account names the Figma account of ctx, so that the limits of one are not
	// those of another. Nil: there is one account.
	Account func(ctx context.Context) (string, error)

	// Token says that there is one account, whose token a setting has, so that
	// hints say what to do about that.
	Token bool

	// Pictures fetches what Download is asked for. Nil: only https, only public
	// addresses, and BaseURL's own host.
	Pictures *http.Client

	MaxFile int64            // bytes of an answer to File or Nodes; 0: DefaultMaxFile
	Log     *slog.Logger     // nil: nowhere
	Now     func() time.Time // nil: time.Now
}

// Client calls Figma. It is safe for concurrent use. Its errors are *Error,
// *Unanswered of what writes, those of Config's functions, and that of ctx.
//
// What only reads is asked again, twice at most, where the connection, the body
// or Figma failed, or where Figma's limit ends soon; one call waits 3 s in all.
// What writes is sent again only where Figma's limit refused it.
type Client struct {
	cfg     Config
	breaker *breaker
	forms   *forms
}

// New makes a client. It sends nothing.
func New(cfg Config) *Client {
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	if cfg.MaxFile <= 0 {
		cfg.MaxFile = DefaultMaxFile
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Pictures == nil {
		cfg.Pictures = newPictures(cfg.BaseURL)
	}
	return &Client{cfg: cfg, breaker: newBreaker(cfg.Now), forms: newForms()}
}

// FileQuery narrows what is asked for of a file; zero values are left out.
type FileQuery struct {
	Version string   // empty: the latest
	Depth   int      // levels below the document, or below each node; 0: all
	IDs     []string // of nodes, with what is above them; Nodes has its own
}

func (q FileQuery) values() url.Values {
	v := url.Values{}
	if q.Version != "" {
		v.Set("version", q.Version)
	}
	if q.Depth > 0 {
		v.Set("depth", strconv.Itoa(q.Depth))
	}
	if len(q.IDs) > 0 {
		v.Set("ids", strings.Join(q.IDs, ","))
	}
	return v
}

// File asks for a file and gives read its JSON as it arrives. Where the
// connection breaks, read is called again with a new answer: it must begin anew
// each time. Errors of read with Code() are passed on, others are Unreadable.
func (c *Client) File(ctx context.Context, file string, q FileQuery, read func(io.Reader) error) error {
	return c.stream(ctx, ask{tier: Tier1, file: file, path: "/v1/files/" + segment(file), query: q.values(), most: c.cfg.MaxFile}, read)
}

// Nodes asks for nodes of a file, as File does for all of it.
func (c *Client) Nodes(ctx context.Context, file string, ids []string, q FileQuery, read func(io.Reader) error) error {
	q.IDs = ids
	return c.stream(ctx, ask{tier: Tier1, file: file, path: "/v1/files/" + segment(file) + "/nodes", query: q.values(), most: c.cfg.MaxFile}, read)
}

// ask is one request.
type ask struct {
	tier   Tier
	file   string // key of the file that it is about; may be empty
	method string // empty: GET
	path   string // escaped
	query  url.Values
	body   []byte
	most   int64 // bytes of the answer; 0: maxSmall
}

func (a ask) writes() bool { return a.method == http.MethodPost }

// plain reports whether the path is what it looks like: no argument in it can
// have made another path of it.
func (a ask) plain() bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(a.path, "/"), "/") {
		if part == "" || strings.IndexFunc(part, notPlain) >= 0 {
			return false
		}
	}
	return true
}

func notPlain(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-'
}

// subject is what the request is about, whose plan has the limits.
func (a ask) subject() string {
	if a.file != "" {
		return a.file
	}
	parts := strings.SplitN(a.path, "/", 5) // "", v1, teams, 1, …
	return strings.Join(parts[2:min(len(parts), 4)], "/")
}

// read decodes the answer to a into out.
func (c *Client) read(ctx context.Context, a ask, out any) error {
	return c.stream(ctx, a, func(r io.Reader) error { return json.NewDecoder(r).Decode(out) })
}

// stream gives read the answer to a.
func (c *Client) stream(ctx context.Context, a ask, read func(io.Reader) error) error {
	if !a.plain() {
		return &Error{Kind: NotFound, about: a.about()} // Figma has none such either
	}
	account, err := c.account(ctx)
	if err != nil {
		return err
	}
	err = persist(ctx, func() error {
		if err := c.breaker.check(account, a); err != nil {
			return err
		}
		err := c.once(ctx, a, read)
		if refused := limited(err); refused != nil {
			c.breaker.open(account, a, refused)
			c.cfg.Log.InfoContext(ctx, "figma limit reached", "tier", int(a.tier), "plan", refused.PlanTier, "seconds", int(refused.Wait.Seconds()))
		}
		return err
	})
	var told *Error
	if errors.As(err, &told) {
		told.token = c.cfg.Token
	}
	return err
}

// account is the one that the requests of ctx are sent as.
func (c *Client) account(ctx context.Context) (string, error) {
	if c.cfg.Account == nil {
		return "", nil
	}
	return c.cfg.Account(ctx)
}

// once sends a, one time.
func (c *Client) once(ctx context.Context, a ask, read func(io.Reader) error) error {
	bounded, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	resp, err := c.send(bounded, a)
	if err != nil {
		err = unsent(ctx, err)
	} else {
		defer discard(resp.Body, stop)
		err = answered(ctx, a, resp, stop, read)
	}
	if a.writes() {
		return lost(err)
	}
	return err
}

func (c *Client) send(ctx context.Context, a ask) (*http.Response, error) {
	method := a.method
	if method == "" {
		method = http.MethodGet
	}
	address := c.cfg.BaseURL + a.path
	if len(a.query) > 0 {
		address += "?" + a.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if a.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := *c.cfg.Client(ctx)
	// Figma's API redirects nobody, and a token must not travel.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client.Do(req)
}

// answered reads an answer.
func answered(ctx context.Context, a ask, resp *http.Response, stop context.CancelCauseFunc, read func(io.Reader) error) error {
	if resp.StatusCode != http.StatusOK {
		return refused(a, resp)
	}
	most := a.most
	if most == 0 {
		most = maxSmall
	}
	if resp.ContentLength > most {
		return &Error{Kind: AnswerTooLarge, about: a.about()}
	}
	b := newBody(resp.Body, most, stop)
	err := read(b)
	switch {
	case err == nil:
		return nil
	case b.err != nil:
		return b.why(ctx, a)
	case coded(err):
		return err
	default:
		return unreadable(err)
	}
}

// unsent is what is told of an answer that did not come. The cause of net/http
// has a URL in it, and so arguments, which are left out.
func unsent(ctx context.Context, err error) error {
	if coded(err) {
		return bare(err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("ask Figma: %w", ctx.Err())
	}
	return &Error{Kind: Away, Wait: awayWait, again: true, unsent: dialed(err), err: bare(err)}
}

// bare is the cause of an error of http.Client.
func bare(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// coded reports whether err already says what its reader can do.
func coded(err error) bool {
	var told interface{ Code() string }
	return errors.As(err, &told)
}
