// Package slack is the toolset of Slack, as the person who asks. It knows what
// an agent needs of Slack and no token: what it is given to send requests with
// is already that person, or the bot they chose.
package slack

import (
	"context"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// Config is what the tools work with.
type Config struct {
	API    *api.Client     // required
	Names  *names.Names    // required, over the same client
	Poster *posting.Poster // required, over the same client

	// Account names the Slack account of ctx, for what is remembered of it. Nil:
	// nothing is.
	Account func(ctx context.Context) (string, error)

	Policy     posting.Policy   // which conversations may be written to; zero: all
	Bot        bool             // the token is a bot's, for which Slack does not search
	Broadcasts bool             // @channel, @here and @everyone are let through
	Now        func() time.Time // nil: time.Now
}

// slow is the deadline of calls that may read many pages.
const slow = 75 * time.Second

// reader reads messages as Slack pages them.
type reader interface {
	History(ctx context.Context, q api.HistoryQuery) (api.Messages, error)
	Replies(ctx context.Context, q api.HistoryQuery) (api.Messages, error)
	Search(ctx context.Context, q api.SearchQuery) (api.Found, error)
}

// finder says which conversation or person a text means.
type finder interface {
	Channel(ctx context.Context, text string) (api.Channel, error)
	User(ctx context.Context, text string) (api.User, error)
}

// lister lists conversations and people by name.
type lister interface {
	List(ctx context.Context, q names.ListQuery) (names.Listed, error)
	FindUsers(ctx context.Context, q names.FindQuery) (names.FoundUsers, error)
}

// namer says what ids are called, as far as that is known or quickly learnt.
type namer interface {
	People(ctx context.Context, ids []string) map[string]api.User
	ChannelNames(ctx context.Context, ids []string) map[string]string
	Note(ctx context.Context, users ...api.User)
}

// handlers answer the tools. Those that write use the members of Config; those
// that read, the others, which are the same things as interfaces.
type handlers struct {
	Config
	reads  reader
	finds  finder
	lists  lister
	called namer
	known  *known
}

func newHandlers(cfg Config) handlers {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return handlers{Config: cfg, reads: cfg.API, finds: cfg.Names, lists: cfg.Names, called: cfg.Names, known: newKnown()}
}

// New makes the toolset.
func New(cfg Config) tools.Toolset {
	h := newHandlers(cfg)
	set := tools.Toolset{
		Name: "slack",
		Tools: []tools.Tool{
			tools.New(listChannelsSpec, h.listChannels),
			tools.New(getHistorySpec, h.getHistory),
			tools.New(getThreadSpec, h.getThread),
			tools.New(searchMessagesSpec, h.searchMessages),
			tools.New(findUserSpec, h.findUser),
			tools.New(postMessageSpec, h.postMessage),
			tools.New(updateMessageSpec, h.updateMessage),
			tools.New(deleteMessageSpec, h.deleteMessage),
			tools.New(uploadFileSpec, h.uploadFile),
			tools.New(projectUpdateSpec, h.projectUpdate),
			tools.New(taskNotificationSpec, h.taskNotification),
		},
		Resources: h.resources(),
		Templates: h.templates(),
		Endpoints: h.endpoints(),
	}
	if cfg.Bot {
		set.Tools = slices.DeleteFunc(set.Tools, func(t tools.Tool) bool { return t.Spec.Name == searchMessagesSpec.Name })
	}
	return set
}
