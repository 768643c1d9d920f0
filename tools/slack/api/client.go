// Package api calls Slack's Web API as the person who asks. It knows requests,
// answers, errors and rate limits; it knows no tool, keeps no answer and has no
// token: the client it is given sends as that person.
//
// slack-go makes the requests. None of its types leaves this package, and the
// answers are read here: see exchange.
//
// Source: https://docs.slack.dev/apis/web-api/ and the pages of the methods,
// https://docs.slack.dev/reference/methods.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Config is how Slack is reached. BaseURL and Client are required.
type Config struct {
	BaseURL string // such as https://slack.com/api

	// Client sends requests as the person of ctx; it adds the token itself. Those
	// of its errors that have Code() are passed on. Its redirects are not followed.
	Client func(ctx context.Context) *http.Client

	// Account names the Slack account of ctx, so that the limits of one are not
	// those of another. Nil: there is one account.
	Account func(ctx context.Context) (string, error)

	// Token says that there is one account, whose token a setting has, so that
	// hints say what to do about that.
	Token bool

	// Bot says that this token is a bot's, which may not search.
	Bot bool

	// Uploads sends what SendUpload is given, without a token. Nil: only https,
	// only public addresses, and BaseURL's own host.
	Uploads *http.Client

	Log *slog.Logger     // nil: nowhere
	Now func() time.Time // nil: time.Now
}

// Client calls Slack. It is safe for concurrent use. Its errors are *Error,
// *Unanswered of what writes, those of Config's functions, and that of ctx.
//
// What only reads is asked again, twice at most, where the connection, the body
// or Slack failed, or where a limit ends soon; one call waits 3 s in all. What
// writes is sent again only where Slack's limit refused it.
type Client struct {
	cfg    Config
	limits *limits
}

// New makes a client. It sends nothing.
func New(cfg Config) *Client {
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Uploads == nil {
		cfg.Uploads = newUploads(cfg.BaseURL)
	}
	return &Client{cfg: cfg, limits: newLimits(cfg.Now)}
}

// sender makes one request with slack-go.
type sender func(context.Context, *slack.Client) error

// ask calls a method and returns its answer. Where the limit is a channel's,
// channel names it.
func ask[T any, P interface {
	*T
	answer
}](ctx context.Context, c *Client, m method, channel string, send sender) (T, error) {
	var out T
	err := c.do(ctx, m, channel, func() answer {
		out = *new(T) // nothing of an answer that broke off may stay
		return P(&out)
	}, send)
	if err != nil {
		return *new(T), err
	}
	return out, nil
}

// do calls a method; fresh gives what each answer is read into.
func (c *Client) do(ctx context.Context, m method, channel string, fresh func() answer, send sender) error {
	account, err := c.account(ctx)
	if err != nil {
		return err
	}
	at := limit{account: account, method: m.name, channel: channel}
	err = persist(ctx, func(p *patience) error {
		if err := c.limits.enter(ctx, at, m, p); err != nil {
			return err
		}
		err := c.once(ctx, m, fresh(), send)
		if refused := limited(err); refused != nil {
			c.limits.shut(at, refused)
			c.cfg.Log.InfoContext(ctx, "slack limit reached", "method", m.name, "seconds", int(refused.Wait.Seconds()))
		}
		return err
	})
	return c.marked(err)
}

// account is the one that the requests of ctx are sent as.
func (c *Client) account(ctx context.Context) (string, error) {
	if c.cfg.Account == nil {
		return "", nil
	}
	return c.cfg.Account(ctx)
}

// marked notes in an error whether the account is a setting's.
func (c *Client) marked(err error) error {
	if told, ok := errors.AsType[*Error](err); ok {
		told.token = c.cfg.Token
	}
	return err
}

// timeout bounds one request with its answer.
const timeout = 20 * time.Second

// errSlow ends a request that takes longer.
var errSlow = errors.New("the answer took too long")

// once sends one request.
func (c *Client) once(ctx context.Context, m method, out answer, send sender) error {
	bounded, stop := context.WithTimeoutCause(ctx, timeout, errSlow)
	defer stop()
	x := &exchange{client: c.cfg.Client, method: m, out: out, stop: stop}
	err := send(bounded, slack.New("", slack.OptionHTTPClient(x), slack.OptionAPIURL(c.cfg.BaseURL+"/")))
	switch {
	case x.err != nil:
		err = x.err
	case err != nil: // slack-go refused the arguments
		return &Error{Kind: Refused, Method: m.name, err: err}
	}
	if m.writes {
		return lost(m, err)
	}
	return err
}
