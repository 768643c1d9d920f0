// Package posting sees to it that messages go only where they may, and that a
// call which is made again, since its answer was lost, does not post again. It
// knows neither tools nor how messages are written.
//
// A key is claimed before anything is sent. Where the outcome of an attempt is
// not known, the message is looked for, by the metadata that it was sent with;
// only when it is not there, and cannot come any more, it is sent again.
package posting

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// API are the calls of Slack that a Poster makes, as the person of ctx. Of Post,
// an error with a Code says that nothing was posted, unless the code is
// slack_outcome_unknown.
type API interface {
	Post(ctx context.Context, m api.NewMessage) (api.Posted, error)
	History(ctx context.Context, q api.HistoryQuery) (api.Messages, error)
	Replies(ctx context.Context, q api.HistoryQuery) (api.Messages, error)
	Identity(ctx context.Context) (api.Identity, error)
}

// Config is what a Poster needs. Only API is required.
type Config struct {
	API    API
	Claims Claims // nil: in this process alone

	// Account names the account of Slack that the person of ctx posts with. It
	// fails where none is connected. nil: there is one account.
	Account func(ctx context.Context) (string, error)
	// Person names who posts in ctx. nil: there is one person.
	Person func(ctx context.Context) string
	// Direct finds the id of the direct message with a person (U…), as Slack says
	// now; an error with the code unknown_channel says that there is none. nil: a
	// message that was sent to the id of a person cannot be looked for.
	Direct func(ctx context.Context, user string) (string, error)

	Settle time.Duration // after the begin of an attempt what is not there does not come any more; 0: 2 min
	Log    *slog.Logger
}

// Result says where a message is.
type Result struct {
	api.Posted
	Repeated bool   // an earlier call posted it
	Ref      string // that the attempt noted
	Note     string // where it was not as usual; one or two sentences
}

// Poster does things once. It is safe for concurrent use.
type Poster struct{ cfg Config }

// New makes a Poster.
func New(cfg Config) *Poster {
	if cfg.Claims == nil {
		cfg.Claims = NewMemory()
	}
	if cfg.Account == nil {
		cfg.Account = func(context.Context) (string, error) { return "", nil }
	}
	if cfg.Person == nil {
		cfg.Person = func(context.Context) string { return "" }
	}
	if cfg.Settle <= 0 {
		cfg.Settle = 2 * time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Poster{cfg}
}
